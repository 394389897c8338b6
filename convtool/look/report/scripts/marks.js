import { placesOf, rowsOf } from "./element.js";
import { channelsOf, madeOf } from "./folds.js";
import { lifted } from "./geometry.js";
import { text } from "./numbers.js";
import { colour } from "./theme.js";

/** Taps up to which each is outlined, and screen pixels from which it has its weight. */
const MOST = 2000;
const ROOM = 38;

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
  const taps = placesOf(geometry, spot).map((place, tap) => ({ ...place, tap }))
    .filter(({ at }) => inFrame(at, side, geometry));
  if (taps.length <= MOST && screen.zoom >= 4) {
    const weights = screen.zoom >= ROOM && run.dims > 1 ? weightsOf(run, selected.channel) : null;
    for (const { at, added, tap } of taps) {
      const place = at.map((n, axis) => n + geometry.start[axis]);
      const box = boxOf(place, [1, 1, 1]);
      outline(screen, box, colour(added ? "padded" : "accent"), 1.5);
      if (weights) tag(screen, box, `× ${text(weights[tap], 2)}`);
    }
  }
  outline(screen, boxOf(first, geometry.extent), colour("accent"), 3);
}

/** Return the weights that lie over the samples that are numbered: the first ones of a sum. */
function weightsOf({ layer }, channel) {
  const [first] = channelsOf(madeOf(layer, channel));
  return rowsOf(layer, first)[0].taps;
}

/** Write a weight into the corner of its sample. */
function tag({ context }, [left, top, width, height], words) {
  context.font = "600 11px system-ui, sans-serif";
  context.textAlign = "right";
  context.textBaseline = "alphabetic";
  const wide = Math.min(width - 4, context.measureText(words).width + 6);
  context.fillStyle = colour("accent");
  context.fillRect(left + width - wide - 2, top + height - 16, wide, 14);
  context.fillStyle = colour("on-accent");
  context.fillText(words, left + width - 5, top + height - 5, wide - 4);
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
