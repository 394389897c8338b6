import { constantOf, indexOf, modesOf, outputSize, product, sourceOf } from "./geometry.js";
import { levelOf } from "./rules.js";

/**
 * Return samples with padding around them.
 * @param {{shape: number[], values: ArrayLike<number>}} samples of shape (C, D, H, W)
 * @param {import("./geometry.js").Geometry} geometry
 * @param {object} levels of the samples
 */
export function padded(samples, geometry, levels) {
  const [channels, ...size] = samples.shape;
  const { before, after } = geometry;
  const modes = modesOf(geometry.mode);
  const added = modes.map((mode) => levelOf(constantOf(mode) ?? 0, levels));
  const full = size.map((n, axis) => n + before[axis] + after[axis]);
  const sources = size.map((n, axis) => Array.from({ length: full[axis] },
    (_, place) => sourceOf(place - before[axis], n, modes[axis])));
  const shape = [channels, ...full];
  const values = new Float64Array(product(shape));
  let next = 0;
  for (let channel = 0; channel < channels; channel += 1) {
    for (const z of sources[0]) {
      for (const y of sources[1]) {
        for (const x of sources[2]) {
          const nowhere = [z, y, x].findLastIndex((place) => place < 0);
          const at = indexOf(samples.shape, channel, [z, y, x]);
          values[next] = nowhere >= 0 ? added[nowhere] : samples.values[at];
          next += 1;
        }
      }
    }
  }
  return { shape, values };
}

/**
 * Return the responses of one output channel of a layer on padded samples, without its bias.
 * @param {{shape: number[], values: ArrayLike<number>}} input padded already, (C, D, H, W)
 * @param {{channel: number, taps: ArrayLike<number>}[]} rows the taps for each input channel
 * @param {import("./geometry.js").Geometry} geometry
 * @returns {{size: number[], values: Float64Array}}
 */
export function correlated(input, rows, geometry) {
  const none = { ...geometry, before: [0, 0, 0], after: [0, 0, 0] };
  const size = outputSize(none, input.shape.slice(1));
  const values = new Float64Array(product(size));
  for (const { channel, taps } of rows) {
    forEachTap(geometry, (place, tap) => {
      if (taps[tap] !== 0) addTap(values, size, input, channel, place, taps[tap], geometry.stride);
    });
  }
  return { size, values };
}

/**
 * Call a function with each tap's place in the window, and its number.
 * @param {{kernel: number[], dilation: number[]}} geometry
 * @param {(place: number[], tap: number) => void} call
 */
export function forEachTap({ kernel, dilation }, call) {
  let tap = 0;
  for (let z = 0; z < kernel[0]; z += 1) {
    for (let y = 0; y < kernel[1]; y += 1) {
      for (let x = 0; x < kernel[2]; x += 1) {
        call([z * dilation[0], y * dilation[1], x * dilation[2]], tap);
        tap += 1;
      }
    }
  }
}

/** Add to each output its sample under one tap, times the weight. */
function addTap(values, size, input, channel, place, weight, stride) {
  let next = 0;
  for (let z = 0; z < size[0]; z += 1) {
    for (let y = 0; y < size[1]; y += 1) {
      const row = [z * stride[0] + place[0], y * stride[1] + place[1], place[2]];
      let from = indexOf(input.shape, channel, row);
      for (let x = 0; x < size[2]; x += 1) {
        values[next] += weight * input.values[from];
        next += 1;
        from += stride[2];
      }
    }
  }
}
