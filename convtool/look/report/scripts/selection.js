/**
 * @typedef {object} Page what all sections share
 * @property {object} run the run, unpacked
 * @property {{channel: number, position: number[]}} selected the output element that is worked out
 * @property {(channel: number, position: number[]) => void} select
 * @property {(listener: () => void) => void} onSelect
 */

/**
 * Return the page of a run; the middle of the region is selected.
 * @param {object} run
 * @returns {Page}
 */
export function makePage(run) {
  const listeners = [];
  const { origin, size } = run.region;
  const inside = (place, axis) =>
    Math.min(origin[axis] + size[axis] - 1, Math.max(origin[axis], Math.round(place)));
  const page = {
    run,
    selected: { channel: 0, position: origin.map((first, axis) => first + (size[axis] >> 1)) },
    onSelect(listener) {
      listeners.push(listener);
    },
    select(channel, position) {
      page.selected = { channel, position: position.map(inside) };
      for (const listener of listeners) listener();
    },
  };
  return page;
}
