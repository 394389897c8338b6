/**
 * How numbers are shown: as they are stored, or as fractions of 1, as tensors have them.
 *
 * @typedef {object} Units
 * @property {number} input by which samples, products and sums are divided
 * @property {number} output by which results are divided
 */

/** Return the units of a run by the choice of people: "stored" or "one". */
export function unitsOf(run, choice) {
  if (choice === "stored") return { input: 1, output: 1 };
  return { input: run.levels.scale, output: run.storedLevels.scale };
}

/** Return the range of levels, for people: 0…255. */
export function rangeText({ low, high, floats, signed }) {
  if (floats) return signed ? "−1…1" : "0…1";
  return `${low < 0 ? `−${-low}` : low}…${high}`;
}
