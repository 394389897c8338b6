/** Outputs that an arrow key goes with Shift. */
const FAR = 10;

/** The axis, of three, and the direction of each key. */
const MOVES = {
  ArrowLeft: [2, -1], ArrowRight: [2, 1], ArrowUp: [1, -1], ArrowDown: [1, 1],
  PageUp: [0, -1], PageDown: [0, 1],
};

/**
 * Let the arrow keys move the selected output, and + − 0 zoom.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./selection.js").Page} page
 * @param {import("./viewport.js").Viewport} view
 */
export function mountKeys(canvas, page, view) {
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const axis = MOVES[event.key] ? MOVES[event.key][0] - (3 - page.run.dims) : -1;
    if (axis >= 0) {
      const position = [...page.selected.position];
      position[axis] += MOVES[event.key][1] * (event.shiftKey ? FAR : 1);
      page.select(page.selected.channel, position);
    } else if (event.key === "+" || event.key === "=") {
      view.zoomAt(1.5, view.x, view.y);
    } else if (event.key === "-") {
      view.zoomAt(1 / 1.5, view.x, view.y);
    } else if (event.key === "0") {
      view.fit();
    } else {
      return;
    }
    event.preventDefault();
  });
}
