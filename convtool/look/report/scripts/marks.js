import { placesOf } from "./element.js";
import { lifted } from "./geometry.js";
import { colour } from "./theme.js";

/** Taps up to which each is outlined. */
const MOST = 2000;

/**
 * Outline the window of the selected output on the input, or the output itself.
 * @param {ReturnType<import("./viewport.js").screenOf>} screen
 * @param {import("./sides.js").Side} side
 * @param {import("./selection.js").Page} page
 * @param {(place: number[], each: number[]) => number[]} boxOf where a sample is on the screen
 */
export function drawMarks(screen, side, page, boxOf) {
  const { run, selected } = page;
  const spot = lifted(selected.position, 0);
  const { geometry } = run;
  if (side.name === "output") {
    const at = spot.map((place, axis) =>
      side.begin[axis] + (place - geometry.origin[axis]) * side.each[axis]);
    outline(screen, boxOf(at, side.each), colour("accent"), 3);
    return;
  }
  const first = spot.map((place, axis) =>
    geometry.start[axis] + place * geometry.stride[axis] - geometry.before[axis]);
  const taps = placesOf(geometry, spot).filter(({ at }) => inFrame(at, side, geometry));
  if (taps.length <= MOST && screen.zoom >= 4) {
    for (const { at, added } of taps) {
      const place = at.map((n, axis) => n + geometry.start[axis]);
      outline(screen, boxOf(place, [1, 1, 1]), colour(added ? "padded" : "accent"), 1.5);
    }
  }
  outline(screen, boxOf(first, geometry.extent), colour("accent"), 3);
}

/** Return whether a tap lies in the frame that is drawn. */
function inFrame([z], side, geometry) {
  return z + geometry.start[0] === side.begin[0] + side.frame;
}

/** Outline a box so that it is seen on light and on dark; small ones are made larger. */
function outline({ context }, [left, top, width, height], stroke, line) {
  const grow = Math.max(0, (7 - Math.min(width, height)) / 2);
  const box = [left - grow, top - grow, width + 2 * grow, height + 2 * grow];
  context.lineJoin = "round";
  context.strokeStyle = colour("paper");
  context.lineWidth = line + 2;
  context.strokeRect(...box);
  context.strokeStyle = stroke;
  context.lineWidth = line;
  context.strokeRect(...box);
}
