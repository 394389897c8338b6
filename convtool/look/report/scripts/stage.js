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

/**
 * Make canvases show a run: samples, the window, the selected output; all with one view.
 * @param {{name: string, canvas: HTMLCanvasElement}[]} sides of the names input and output
 * @param {import("./selection.js").Page} page
 * @param {() => ((y: number, x: number) => boolean) | null} hidden which outputs are not drawn yet
 * @returns {{view: import("./viewport.js").Viewport, redraw: () => void}}
 */
export function makeStage(sides, page, hidden) {
  const view = makeViewport(() => inputOf(page.original), sides[0].canvas);
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

/** Return the size of the whole input on the screen; audio has no height. */
function inputOf({ geometry: { input }, dims }) {
  return { width: input[2], height: dims === 1 ? 0 : input[1] };
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
