import { lifted } from "./geometry.js";

/**
 * @typedef {object} Page what all sections share
 * @property {object} original the run of the tool
 * @property {object} run what is shown: the original, or an edited one
 * @property {(run: object) => void} show
 * @property {(listener: () => void) => void} onShow is called when another run is shown
 * @property {{channel: number, position: number[]}} selected the output element that is worked out
 * @property {(channel: number, position: number[]) => void} select
 * @property {(listener: () => void) => void} onSelect
 */

/**
 * Return the page of a run; the middle of what it holds is selected.
 * @param {object} run
 * @returns {Page}
 */
export function makePage(run) {
  const selecting = [];
  const showing = [];
  const page = {
    original: run,
    run,
    selected: { channel: 0, position: middle(run) },
    onSelect: (listener) => selecting.push(listener),
    onShow: (listener) => showing.push(listener),
    select(channel, position) {
      const last = page.run.mappings.length - 1;
      page.selected = { channel: Math.min(channel, last), position: inside(page.run, position) };
      for (const listener of selecting) listener();
    },
    show(next) {
      const place = centreOf(page.run, page.selected.position);
      page.run = next;
      for (const listener of showing) listener();
      page.select(page.selected.channel, outputAt(next, place));
    },
  };
  return page;
}

function middle({ region: { origin, size } }) {
  return origin.map((first, axis) => first + (size[axis] >> 1));
}

/** Return the output position that is held and nearest. */
function inside({ region: { origin, size } }, position) {
  return position.map((place, axis) =>
    Math.min(origin[axis] + size[axis] - 1, Math.max(origin[axis], Math.round(place))));
}

/**
 * Return where the window of an output has its centre, on the whole input: three numbers, where a
 * sample at position p reaches from p to p + 1.
 */
export function centreOf({ geometry }, position) {
  const { start, stride, before, extent } = geometry;
  return lifted(position, 0).map((place, axis) =>
    start[axis] + place * stride[axis] - before[axis] + extent[axis] / 2);
}

/** Return the output whose window has its centre nearest to a place; it may not be held. */
export function outputAt({ geometry, dims }, place) {
  const { start, stride, before, extent } = geometry;
  const found = place.map((at, axis) =>
    Math.round((at - start[axis] + before[axis] - extent[axis] / 2) / stride[axis]));
  return found.slice(3 - dims);
}
