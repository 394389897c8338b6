import { counted } from "./numbers.js";

/**
 * Everything is worked out on three axes: frames, rows, columns. Images have one frame, audio has
 * one row in it.
 *
 * @typedef {object} Geometry three numbers each
 * @property {number[]} kernel taps
 * @property {number[]} stride
 * @property {number[]} dilation
 * @property {number[]} before samples that padding adds before the input
 * @property {number[]} after
 * @property {string} mode of the padding
 */

/** Return one number per axis of three; axes that there are not have `fill`. */
export function lifted(numbers, fill) {
  return [...Array(3 - numbers.length).fill(fill), ...numbers];
}

/** Return how many samples an output depends on along each axis: dilation · (k − 1) + 1. */
export function extentOf({ kernel, dilation }) {
  return kernel.map((taps, axis) => dilation[axis] * (taps - 1) + 1);
}

/** Return the size of the output: ⌊(n + padding − extent) / stride⌋ + 1 along each axis. */
export function outputSize(geometry, size) {
  const extent = extentOf(geometry);
  return size.map((n, axis) => {
    const padded = n + geometry.before[axis] + geometry.after[axis];
    return Math.floor((padded - extent[axis]) / geometry.stride[axis]) + 1;
  });
}

/**
 * Return the input position whose sample stands at a place, or −1 where padding adds zeros.
 * @param {number} place negative before the input, from `length` after it
 * @param {number} length of the input along the axis
 * @param {string} mode zeros, reflect, replicate or circular
 */
export function sourceOf(place, length, mode) {
  if (place >= 0 && place < length) return place;
  if (mode === "replicate") return Math.min(length - 1, Math.max(0, place));
  if (mode === "circular") return ((place % length) + length) % length;
  if (mode === "reflect") return length - 1 - Math.abs(Math.abs(place) - (length - 1));
  return -1;
}

/** What axes are called, as `convtool/sizes.py` has them. */
const NAMES = { 1: ["", "", "length"], 2: ["", "height", "width"],
  3: ["first axis", "height", "width"] };

/** Return why a padding cannot be, or "" where it can: reflections need samples to reflect. */
export function paddingProblem({ before, after, mode }, size, dims) {
  for (const [axis, n] of size.entries()) {
    const most = { reflect: n - 1, circular: n }[mode] ?? Infinity;
    const added = Math.max(before[axis], after[axis]);
    if (added > most) {
      return `${mode} padding adds at most ${counted(most, "sample")} on each side of ` +
        `a ${NAMES[dims][axis]} of ${n}, not ${added}`;
    }
  }
  return "";
}

/** Return the index of a place in samples of a shape (C, D, H, W). */
export function indexOf(shape, channel, [z, y, x]) {
  return ((channel * shape[1] + z) * shape[2] + y) * shape[3] + x;
}

/** Return what numbers multiply to. */
export function product(numbers) {
  return numbers.reduce((all, each) => all * each, 1);
}
