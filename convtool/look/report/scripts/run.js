import { extentOf, lifted } from "./geometry.js";
import { unpack } from "./packed.js";

/**
 * Unpack the samples and the weights of a run; all else stays as `run_data.py` wrote it.
 *
 * `geometry` has the numbers of all axes, three each; besides those of the layer: the size of the
 * `input`, the `origin` and `size` of the outputs that are held, and `start`, where the input lies
 * on the whole one.
 * @param {object} data
 */
export async function unpackRun(data) {
  const { layer } = data;
  const [padded, stored, weight, bias] = await Promise.all([
    unpack(data.padded),
    unpack(data.stored),
    unpack(layer.weight),
    layer.bias && unpack(layer.bias),
  ]);
  return {
    ...data,
    edited: false,
    padded: liftedSamples(padded),
    stored: liftedSamples(stored),
    layer: { ...layer, weight: repeated(weight, layer.repeats), bias },
    geometry: geometryOf(data),
  };
}

function geometryOf({ layer, size, region }) {
  const moves = {
    kernel: lifted(layer.kernel, 1),
    stride: lifted(layer.stride, 1),
    dilation: lifted(layer.dilation, 1),
    before: lifted(layer.before, 0),
    after: lifted(layer.after, 0),
    mode: layer.mode,
  };
  return {
    ...moves,
    extent: extentOf(moves),
    input: lifted(size, 1),
    origin: lifted(region.origin, 0),
    size: lifted(region.size, 1),
    start: [0, 0, 0],
  };
}

/** Return weights that all groups have, once for each. */
function repeated({ shape: [outputs, ...inner], values }, times) {
  const all = new values.constructor(values.length * times);
  for (let n = 0; n < times; n += 1) all.set(values, n * values.length);
  return { shape: [outputs * times, ...inner], values: all };
}

/** Return samples with three spatial axes. */
function liftedSamples({ shape: [channels, ...size], values }) {
  return { shape: [channels, ...lifted(size, 1)], values };
}
