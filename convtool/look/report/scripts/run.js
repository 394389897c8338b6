import { unpack } from "./packed.js";

/**
 * Unpack the samples and the weights of a run; all else stays as `run_data.py` wrote it.
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
  return { ...data, padded, stored, layer: { ...layer, weight, bias } };
}
