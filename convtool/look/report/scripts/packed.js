/** The types of samples, by their names in the data. */
const TYPES = {
  uint8: Uint8Array, uint16: Uint16Array, int16: Int16Array, int32: Int32Array,
  float32: Float32Array, float64: Float64Array,
};

/**
 * @typedef {object} Samples
 * @property {number[]} shape of channels, and of the spatial axes
 * @property {ArrayLike<number>} values in rows, the last axis fastest
 */

/**
 * Return the samples that are packed as deflated bytes in base64.
 * @param {{type: string, shape: number[], data: string}} packed
 * @returns {Promise<Samples>}
 */
export async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed.data), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(stream).arrayBuffer();
  return { shape: packed.shape, values: new TYPES[packed.type](buffer) };
}
