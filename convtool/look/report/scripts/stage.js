import { perFrame } from "./dom.js";
import { lifted } from "./geometry.js";
import { mountKeys } from "./keys.js";
import { drawMarks } from "./marks.js";
import { drawPicture } from "./picture.js";
import { mountPointer } from "./pointer.js";
import { centreOf, outputAt } from "./selection.js";
import { sideOf } from "./sides.js";
import { drawStrip } from "./strip.js";
import { onTheme } from "./theme.js";
import { makeViewport } from "./viewport.js";

/** The most screen pixels per sample that "Window" zooms to. */
const CLOSE = 40;

/**
 * Make canvases show a run: samples, the window, the selected output; all with one view.
 * @param {{name: string, canvas: HTMLCanvasElement}[]} sides of the names input and output
 * @param {import("./selection.js").Page} page
 * @param {() => ((y: number, x: number) => boolean) | null} hidden which outputs are not drawn yet
 * @returns {{view: import("./viewport.js").Viewport, redraw: () => void}}
 */
export function makeStage(sides, page, hidden) {
  const view = makeViewport(() => wholeView(page), sides[0].canvas);
  const pictures = overviewsOf(page.original, () => redraw());
  let held = false;
  const pointing = {
    held: () => held,
    hold: (now) => { held = now; },
    point({ x, y }) {
      const [frame] = centreOf(page.run, page.selected.position);
      page.select(page.selected.channel, outputAt(page.run, [frame, y, x]));
    },
  };
  const redraw = perFrame(() => {
    for (const { name, canvas } of sides) {
      draw(canvas, view, sideOf(name, page), page, pictures, name === "output" ? hidden() : null);
    }
  });
  for (const { canvas } of sides) {
    mountPointer(canvas, view, pointing);
    mountKeys(canvas, page, view);
    canvas.addEventListener("keydown", () => { held = true; });
    new ResizeObserver(redraw).observe(canvas);
  }
  view.onChange(redraw);
  page.onSelect(() => {
    const focused = sides.some(({ canvas }) => document.activeElement === canvas);
    if (focused) revealSelected(page, view, sides);
    redraw();
  });
  onTheme(redraw);
  view.fit();
  return { view, redraw };
}

/**
 * Return the box of all that there is to see: the whole input of the original, with its padding
 * and that of what is shown; audio has no height.
 */
function wholeView({ original, run }) {
  const [first, last] = [1, 2].map((axis) => {
    const low = -original.geometry.before[axis];
    const high = original.geometry.input[axis] + original.geometry.after[axis];
    const { start, input, before, after } = run.geometry;
    const end = start[axis] + input[axis] + after[axis];
    return [Math.min(low, start[axis] - before[axis]), Math.max(high, end)];
  });
  const [top, bottom] = original.dims === 1 ? [0, 0] : first;
  const [left, right] = last;
  return { left, top, width: right - left, height: bottom - top };
}

/**
 * Zoom so that the window of the selected output is seen, closely where it is small.
 * @param {import("./selection.js").Page} page
 * @param {import("./viewport.js").Viewport} view
 * @param {HTMLCanvasElement} canvas
 */
export function zoomToWindow({ run, selected }, view, canvas) {
  const [, y, x] = centreOf(run, selected.position);
  const [, high, wide] = run.geometry.extent;
  const across = canvas.clientWidth / (wide * 1.5);
  const down = run.dims === 1 ? across : canvas.clientHeight / (high * 1.5);
  view.move(x, run.dims === 1 ? 0 : y, Math.min(CLOSE, across, down));
}

/** Bring the selected output into view. */
export function revealSelected(page, view, sides) {
  const [, y, x] = centreOf(page.run, page.selected.position);
  view.reveal(x, page.run.dims === 1 ? 0 : y, sides[0].canvas);
}

function draw(canvas, view, side, page, pictures, hidden) {
  const { run } = page;
  const { geometry } = run;
  const more = { input: geometry.input, start: geometry.start, hidden };
  if (run.dims === 1) {
    const { screen, boxOf } = drawStrip(canvas, view, side, more);
    drawMarks(screen, side, page, boxOf);
    return;
  }
  more.overview = pictures(side);
  more.whole = wholeOf(page.original, side.name);
  const screen = drawPicture(canvas, view, side, more);
  drawMarks(screen, side, page, ([, y, x], [, high, wide]) => screen.box(x, y, wide, high));
}

/** Return where the whole input or the whole result lies: left, top, width, height. */
function wholeOf({ geometry, outputSize }, name) {
  if (name === "input") return [0, 0, geometry.input[2], geometry.input[1]];
  const [, high, wide] = lifted(outputSize, 1);
  const { stride, before, extent } = geometry;
  const first = [1, 2].map((axis) => extent[axis] / 2 - before[axis] - stride[axis] / 2);
  return [first[1], first[0], wide * stride[2], high * stride[1]];
}

/** Return a function that gives the picture of all of a side, once it is decoded. */
function overviewsOf({ overview }, redraw) {
  const images = new Map();
  const load = (key, url) => {
    const image = new Image();
    image.onload = redraw;
    image.src = url;
    images.set(key, image);
  };
  if (overview) {
    load("input", overview.before);
    for (const [channel, url] of Object.entries(overview.after)) load(`output${channel}`, url);
  }
  return ({ name, channels }) => {
    const image = images.get(name === "input" ? name : `output${channels[0]}`);
    return image?.complete ? image : null;
  };
}
