import { make, perFrame } from "./dom.js";
import { drawMarks } from "./marks.js";
import { drawPicture } from "./picture.js";
import { sideOf } from "./sides.js";
import { onTheme } from "./theme.js";

/** The most frames of a window that are shown side by side. */
const MOST = 9;

/**
 * Show the frames that the window of a video covers side by side.
 * @param {HTMLElement} root
 * @param {import("./selection.js").Page} page
 * @param {import("./viewport.js").Viewport} view
 * @param {HTMLCanvasElement} large the canvas whose part of the input they show
 */
export function mountFrames(root, page, view, large) {
  if (page.original.dims !== 3) return;
  const redraw = perFrame(() => {
    const side = sideOf("input", page);
    const { extent, dilation, kernel, input, start, before, origin, stride } = page.run.geometry;
    const count = kernel[0] > 1 ? Math.min(MOST, kernel[0]) : 0;
    fit(root, count);
    const first = side.frame - ((extent[0] - 1) >> 1);
    [...root.children].forEach((figure, n) => {
      const [caption, canvas] = figure.children;
      const frame = first + n * dilation[0];
      const place = origin[0] * stride[0] - before[0] + frame;
      caption.textContent = `Frame ${place}${place < 0 || place >= input[0] ? ", padding" : ""}`;
      const small = { ...view, zoom: (view.zoom * canvas.clientWidth) / large.clientWidth };
      const one = { ...side, frame };
      const more = { input, start, overview: null, hidden: null };
      const screen = drawPicture(canvas, small, one, more);
      drawMarks(screen, one, page, ([, y, x], [, high, wide]) => screen.box(x, y, wide, high));
    });
  });
  view.onChange(redraw);
  page.onSelect(redraw);
  onTheme(redraw);
  new ResizeObserver(redraw).observe(root);
}

/** Give an element as many figures as there are frames. */
function fit(root, count) {
  while (root.children.length > count) root.lastChild.remove();
  while (root.children.length < count) {
    root.append(make("figure", {}, make("figcaption"), make("canvas", { "aria-hidden": "true" })));
  }
}
