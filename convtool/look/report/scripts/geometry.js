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
 * @property {string} mode of the padding, as `--padding-mode` takes it
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
 * Return the padding mode of each axis.
 * @param {string} text as `--padding-mode` takes it: one for all axes, or one per axis
 */
export function modesOf(text) {
  const parts = text.split(",");
  return lifted(parts.length === 1 ? Array(3).fill(text) : parts, "zeros");
}

/** Return the number that a padding mode adds, where 1 is white; undefined where it adds none. */
export function constantOf(mode) {
  if (mode === "zeros") return 0;
  return mode.startsWith("constant:") ? Number(mode.slice("constant:".length)) : undefined;
}

/**
 * Return the input position whose sample stands at a place, or −1 where a number is added.
 * @param {number} place negative before the input, from `length` after it
 * @param {number} length of the input along the axis
 * @param {string} mode of the axis
 */
export function sourceOf(place, length, mode) {
  if (place >= 0 && place < length) return place;
  if (constantOf(mode) !== undefined) return -1;
  const within = (period) => ((place % period) + period) % period;
  if (mode === "circular") return within(length);
  if (mode === "symmetric") {
    return Math.min(within(2 * length), 2 * length - 1 - within(2 * length));
  }
  if (mode === "reflect" && length > 1) {
    const period = 2 * (length - 1);
    return Math.min(within(period), period - within(period));
  }
  return Math.min(length - 1, Math.max(0, place));
}

/** Return the index of a place in samples of a shape (C, D, H, W). */
export function indexOf(shape, channel, [z, y, x]) {
  return ((channel * shape[1] + z) * shape[2] + y) * shape[3] + x;
}

/** Return what numbers multiply to. */
export function product(numbers) {
  return numbers.reduce((all, each) => all * each, 1);
}
