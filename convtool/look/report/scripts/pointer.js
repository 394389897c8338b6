import { placeUnder } from "./viewport.js";

/** Screen pixels that a pointer may move and still be a click. */
const STILL = 5;
const WHEEL = 0.0015;

/**
 * Let people point, pan and zoom on a canvas: by mouse, pen and touch.
 *
 * Pointing follows the mouse until a click holds the place; another click lets go. A wheel zooms
 * with Ctrl or ⌘ (as a pinch on a touchpad does), or while the canvas has the focus.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./viewport.js").Viewport} view
 * @param {{point: (place: {x: number, y: number}) => void, held: () => boolean,
 *   hold: (held: boolean) => void}} pointing
 */
export function mountPointer(canvas, view, pointing) {
  const down = new Map();
  let moved = 0;
  const place = (event) => placeUnder(canvas, view, event.clientX, event.clientY);

  canvas.addEventListener("pointerdown", (event) => {
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    canvas.setPointerCapture(event.pointerId);
    moved = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse" && !pointing.held()) pointing.point(place(event));
      return;
    }
    const now = { x: event.clientX, y: event.clientY };
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (moved > STILL) drag(before, now, event.pointerId);
    down.set(event.pointerId, now);
  });
  const up = (event) => {
    const clicked = down.delete(event.pointerId) && moved <= STILL && event.type === "pointerup";
    if (!clicked) return;
    const hold = event.pointerType !== "mouse" || !pointing.held();
    pointing.hold(hold);
    if (hold) pointing.point(place(event));
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== canvas) return;
    event.preventDefault();
    const { x, y } = place(event);
    view.zoomAt(Math.exp(-event.deltaY * (event.ctrlKey ? 6 : 1) * WHEEL), x, y);
  }, { passive: false });

  function drag(before, now, id) {
    const others = [...down].filter(([other]) => other !== id);
    if (others.length) {
      const [, fixed] = others[0];
      const apart = (point) => Math.hypot(point.x - fixed.x, point.y - fixed.y);
      const middle = placeUnder(canvas, view, (now.x + fixed.x) / 2, (now.y + fixed.y) / 2);
      view.zoomAt(apart(now) / Math.max(1, apart(before)), middle.x, middle.y);
      return;
    }
    const { zoom } = view;
    view.move(view.x - (now.x - before.x) / zoom, view.y - (now.y - before.y) / zoom, zoom);
  }
}
