import { forEachTap } from "./convolve.js";
import { channelsOf, folded, madeOf } from "./folds.js";
import { indexOf, lifted, modesOf, product, sourceOf } from "./geometry.js";
import { mapped, quantized } from "./rules.js";

/**
 * One output element, worked out in float64.
 *
 * @typedef {object} Row the part of a sum that comes from one input channel
 * @property {number} channel
 * @property {number[]} samples as stored
 * @property {number[]} weights
 * @property {number[]} products
 *
 * @typedef {object} Term the response of one channel of the layer
 * @property {number} channel
 * @property {Row[]} rows
 * @property {number} sum of all products
 * @property {number} bias in the same unit
 * @property {number} response
 *
 * @typedef {object} Element
 * @property {number[]} position of the output, three numbers
 * @property {Place[]} places where each tap lies
 * @property {Term[]} terms
 * @property {number | import("./folds.js").Fold} made how they become one
 * @property {number} response the folded one, in stored units of the input
 * @property {number} mapped in stored units of the result
 * @property {number} computed the level that this arithmetic rounds to
 * @property {number} stored the level that the run stored
 *
 * @typedef {object} Place
 * @property {number[]} at its position on the input, which may be in the padding
 * @property {number[]} source the input position whose sample stands there; −1 for zeros
 * @property {boolean} added by padding
 */

/**
 * Work out one output element of a run.
 * @param {object} run
 * @param {number} channel of the result
 * @param {number[]} position of the output, one number per axis of the medium
 * @returns {Element}
 */
export function element(run, channel, position) {
  const spot = lifted(position, 0);
  const made = madeOf(run.layer, channel);
  const terms = channelsOf(made).map((each) => term(run, each, spot));
  const responses = new Map(terms.map((each) => [each.channel, each.response]));
  const weight = run.weighted ? term(run, run.layer.weight.shape[0] - 1, spot).response : 1;
  const response = folded(made, (each) => responses.get(each)) / weight;
  const levels = run.storedLevels;
  const value = mapped(response, run.mappings[channel], run.levels.scale, levels.scale);
  const computed = quantized(value, run.mappings[channel], levels);
  const at = spot.map((place, axis) => place - run.geometry.origin[axis]);
  const stored = run.stored.values[indexOf(run.stored.shape, channel, at)];
  const places = placesOf(run.geometry, spot);
  return { position: spot, places, terms, made, weight, response, mapped: value, computed, stored };
}

/** Return the response of one channel of the layer, and all that it is the sum of. */
function term(run, channel, spot) {
  const { layer, geometry, padded } = run;
  const rows = rowsOf(layer, channel).map(({ channel: input, taps }) => {
    const samples = [];
    forEachTap(geometry, (place) => {
      const at = place.map((offset, axis) =>
        (spot[axis] - geometry.origin[axis]) * geometry.stride[axis] + offset);
      samples.push(padded.values[indexOf(padded.shape, input, at)]);
    });
    const weights = Array.from(taps);
    const products = samples.map((sample, tap) => sample * weights[tap]);
    return { channel: input, samples, weights, products };
  });
  let sum = 0;
  for (const row of rows) for (const each of row.products) sum += each;
  const bias = layer.bias ? layer.bias.values[channel] * run.levels.scale : 0;
  return { channel, rows, sum, bias, response: sum + bias };
}

/**
 * Return the taps of a channel of the layer, for each input channel that it sees.
 * @param {object} layer
 * @param {number} channel
 * @returns {{channel: number, taps: ArrayLike<number>}[]}
 */
export function rowsOf(layer, channel) {
  const [outputs, inputs, ...kernel] = layer.weight.shape;
  const taps = product(kernel);
  const group = Math.floor(channel / (outputs / layer.groups));
  return Array.from({ length: inputs }, (_, index) => {
    const start = (channel * inputs + index) * taps;
    const own = layer.weight.values.subarray(start, start + taps);
    return { channel: group * inputs + index, taps: own };
  });
}

/** Return where each tap of an output lies on the input. */
export function placesOf(geometry, spot) {
  const places = [];
  const modes = modesOf(geometry.mode);
  forEachTap(geometry, (offset) => {
    const at = offset.map((n, axis) =>
      spot[axis] * geometry.stride[axis] - geometry.before[axis] + n);
    const source = at.map((place, axis) => sourceOf(place, geometry.input[axis], modes[axis]));
    const added = at.some((place, axis) => place < 0 || place >= geometry.input[axis]);
    places.push({ at, source, added });
  });
  return places;
}
