import { correlated, padded } from "./convolve.js";
import { rowsOf } from "./element.js";
import { extentOf, indexOf, outputSize, product } from "./geometry.js";
import { mappingOf } from "./measure.js";
import { mapped, quantized } from "./rules.js";

/**
 * One kernel that each channel is filtered with, as `-k` has it, and how it moves.
 *
 * @typedef {object} Settings arrays have three numbers, one per axis
 * @property {number[]} kernel taps
 * @property {number[]} weights
 * @property {string} preset whose weights they are, or ""
 * @property {string} [presetRule] of normalization, which that preset has by itself
 * @property {number} bias
 * @property {number[]} stride
 * @property {number[]} dilation
 * @property {"same" | "valid" | "own" | number[]} padding
 * @property {{before: number[], after: number[]}} own what the layer that ran adds on each side
 * @property {string} mode of the padding, as `--padding-mode` takes it
 * @property {string} rule of normalization
 * @property {"centre" | "causal"} align
 */

/** The most products that are worked out for an edited run. */
const MOST_PRODUCTS = 4e8;

/**
 * Return the samples of the input that a run holds, without padding, and where they begin.
 *
 * An edited kernel takes them for an input of its own: what lies around them is not seen.
 * @param {object} run
 */
export function cropOf(run) {
  const { geometry } = run;
  const [channels, ...box] = run.padded.shape;
  const first = geometry.origin.map((place, axis) =>
    place * geometry.stride[axis] - geometry.before[axis]);
  const start = first.map((place) => Math.max(0, place));
  const end = first.map((place, axis) => Math.min(geometry.input[axis], place + box[axis]));
  const size = end.map((place, axis) => place - start[axis]);
  const shape = [channels, ...size];
  const values = new run.padded.values.constructor(product(shape));
  for (let channel = 0; channel < channels; channel += 1) {
    for (let z = 0; z < size[0]; z += 1) {
      for (let y = 0; y < size[1]; y += 1) {
        const row = [z + start[0] - first[0], y + start[1] - first[1], start[2] - first[2]];
        const from = indexOf(run.padded.shape, channel, row);
        const to = indexOf(shape, channel, [z, y, 0]);
        values.set(run.padded.values.subarray(from, from + size[2]), to);
      }
    }
  }
  return { samples: { shape, values }, start };
}

/** Return how many samples settings add before and after, on each axis. */
export function padsOf({ kernel, dilation, padding, own, align }, dims) {
  if (padding === "own") return own;
  const spans = extentOf({ kernel, dilation }).map((covered) => covered - 1);
  if (padding === "valid") return { before: [0, 0, 0], after: [0, 0, 0] };
  if (padding !== "same") return { before: padding, after: padding };
  const before = spans.map((span) => Math.floor(span / 2));
  if (align === "causal" && dims === 1) before[2] = spans[2];
  return { before, after: spans.map((span, axis) => span - before[axis]) };
}

/** Return why settings cannot be run, or "". */
export function problemOf(settings, size, dims) {
  const geometry = { ...settings, ...padsOf(settings, dims) };
  const output = outputSize(geometry, size);
  if (output.some((n) => n < 1)) return "The kernel is larger than the padded input.";
  const uneven = geometry.before.some((n, axis) => n !== geometry.after[axis]);
  const strided = settings.stride.some((n) => n !== 1);
  if (dims > 1 && settings.padding === "same" && uneven && strided) {
    return "Padding “same” with a stride needs an odd kernel size.";
  }
  const work = product(output) * settings.weights.filter((weight) => weight !== 0).length;
  if (work > MOST_PRODUCTS) return "That is too much work for this page: choose a larger stride.";
  return "";
}

/**
 * Return the run of edited settings on the samples that a run holds.
 * @param {object} original
 * @param {{samples: {shape: number[], values: ArrayLike<number>}, start: number[]}} crop
 * @param {Settings} settings
 */
export function editedRun(original, { samples, start }, settings) {
  const [channels, ...size] = samples.shape;
  const pads = padsOf(settings, original.dims);
  const { kernel, stride, dilation, mode } = settings;
  const moves = { kernel, stride, dilation, mode, ...pads };
  const input = padded(samples, moves, original.levels);
  const layer = layerOf(settings, channels);
  const unit = original.levels.scale;
  const responses = Array.from({ length: channels }, (_, channel) => {
    const found = correlated(input, rowsOf(layer, channel), moves);
    const bias = settings.bias * unit;
    return bias ? { ...found, values: found.values.map((value) => value + bias) } : found;
  });
  const mapping = mappingOf(settings, responses.map(({ values }) => values), unit,
    { centred: original.mappings[0].centred, floats: original.storedLevels.floats });
  const [{ size: output }] = responses;
  const inner = output.slice(3 - original.dims);
  return {
    ...original,
    edited: true,
    overview: null,
    layer,
    padded: input,
    stored: storedOf(responses, mapping, original),
    outputs: [outputOf(original, channels)],
    mappings: Array(channels).fill(mapping),
    region: { origin: inner.map(() => 0), size: inner, whole: true },
    outputSize: inner,
    geometry: {
      ...moves,
      extent: extentOf(moves),
      input: size,
      origin: [0, 0, 0],
      size: output,
      start,
    },
  };
}

function outputOf(original, channels) {
  const names = original.inputs;
  return {
    label: "edited",
    title: "edited",
    channels: Array.from({ length: channels }, (_, channel) => channel),
    names,
    natural: true,
    random: false,
  };
}

/** Return a layer with the same kernel for each channel, its weights in float32. */
function layerOf({ kernel, weights, bias }, channels) {
  const values = new Float32Array(channels * weights.length);
  for (let channel = 0; channel < channels; channel += 1) {
    values.set(weights, channel * weights.length);
  }
  return {
    groups: channels,
    weight: { shape: [channels, 1, ...kernel], values },
    bias: bias ? { shape: [channels], values: new Float32Array(channels).fill(bias) } : null,
    folds: [[1, null]],
    combine: null,
  };
}

/** Return responses as they are stored. */
function storedOf(responses, mapping, { levels, storedLevels }) {
  const shape = [responses.length, ...responses[0].size];
  const values = new Float64Array(product(shape));
  responses.forEach((found, channel) => {
    const first = channel * found.values.length;
    found.values.forEach((response, at) => {
      const number = mapped(response, mapping, levels.scale, storedLevels.scale);
      values[first + at] = quantized(number, mapping, storedLevels);
    });
  });
  return { shape, values };
}
