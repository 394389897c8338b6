/** The most screen pixels per sample. */
const CLOSEST = 96;

/**
 * What part of the input is seen, and how large; all drawings of a stage share it.
 *
 * @typedef {object} Viewport
 * @property {number} x the place in the middle, in samples of the whole input
 * @property {number} y
 * @property {number} zoom screen pixels per sample
 * @property {(listener: () => void) => void} onChange
 * @property {(x: number, y: number, zoom: number) => void} move
 * @property {(factor: number, x: number, y: number) => void} zoomAt a place that stays where it is
 * @property {() => void} fit show all of the input
 * @property {(x: number, y: number, canvas: HTMLCanvasElement) => void} reveal a place
 */

/**
 * Return a viewport.
 * @param {() => {left: number, top: number, width: number, height: number}} whole all that there
 *     is to see: the input and its padding
 * @param {HTMLCanvasElement} canvas one of those that show it
 * @returns {Viewport}
 */
export function makeViewport(whole, canvas) {
  const listeners = [];
  const fitting = () => {
    const { width, height } = whole();
    return Math.min(canvas.clientWidth / width, canvas.clientHeight / height) || 1;
  };
  const view = {
    x: 0,
    y: 0,
    zoom: 1,
    onChange: (listener) => listeners.push(listener),
    move(x, y, zoom) {
      const { left, top, width, height } = whole();
      view.zoom = Math.min(CLOSEST, Math.max(Math.min(fitting(), CLOSEST) * 0.8, zoom));
      view.x = Math.min(left + width, Math.max(left, x));
      view.y = Math.min(top + height, Math.max(top, y));
      for (const listener of listeners) listener();
    },
    zoomAt(factor, x, y) {
      const before = view.zoom;
      const after = Math.min(CLOSEST, Math.max(fitting() * 0.8, before * factor));
      const kept = 1 - before / after;
      view.move(view.x + (x - view.x) * kept, view.y + (y - view.y) * kept, after);
    },
    fit() {
      const { left, top, width, height } = whole();
      view.move(left + width / 2, top + height / 2, fitting() * 0.98);
    },
    reveal(x, y, seen) {
      const reach = 0.45 / view.zoom;
      const across = Math.abs(x - view.x) > seen.clientWidth * reach;
      const down = Math.abs(y - view.y) > seen.clientHeight * reach;
      if (across || down) view.move(x, y, view.zoom);
    },
  };
  return view;
}

/**
 * Return a canvas ready to draw on, in screen pixels, and where places of the input are on it.
 * @param {HTMLCanvasElement} canvas
 * @param {Viewport} view
 */
export function screenOf(canvas, view) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = globalThis.devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const left = (x) => (x - view.x) * view.zoom + width / 2;
  const top = (y) => (y - view.y) * view.zoom + height / 2;
  const box = (x, y, w, h) => [left(x), top(y), w * view.zoom, h * view.zoom];
  return { context, width, height, left, top, box, zoom: view.zoom };
}

/** Return the place of the input under a point of a canvas, given in pixels of the window. */
export function placeUnder(canvas, view, clientX, clientY) {
  const frame = canvas.getBoundingClientRect();
  return {
    x: view.x + (clientX - frame.left - frame.width / 2) / view.zoom,
    y: view.y + (clientY - frame.top - frame.height / 2) / view.zoom,
  };
}
