/** How the responses of a bank become one, by its name. */
const FOLDS = {
  magnitude: (numbers) => Math.hypot(...numbers),
  max: (numbers) => Math.max(...numbers),
  sum: (numbers) => numbers.reduce((all, each) => all + each, 0),
  mean: (numbers) => numbers.reduce((all, each) => all + each, 0) / numbers.length,
};

/**
 * @typedef {{how: string, of: (number | Fold)[]}} Fold channels of the layer, or folds of them,
 *     and how they become one
 */

/**
 * Return what a channel of the result is made of: a channel of the layer, or a fold.
 * @param {object} layer of the run
 * @param {number} channel of the result
 * @returns {number | Fold}
 */
export function madeOf(layer, channel) {
  if (!layer.combine && layer.folds.every(([, how]) => !how)) return channel;
  const perGroup = layer.weight.shape[0] / layer.groups;
  const each = [];
  let next = 0;
  for (const [count, how] of layer.folds) {
    const channels = Array.from({ length: count }, (_, index) => next + index);
    if (how) each.push({ how, of: channels });
    else each.push(...channels);
    next += count;
  }
  const results = layer.combine ? [{ how: layer.combine, of: each }] : each;
  const group = Math.floor(channel / results.length);
  return moved(results[channel % results.length], group * perGroup);
}

/** Return the same of channels that lie `by` further. */
function moved(made, by) {
  if (typeof made === "number") return made + by;
  return { how: made.how, of: made.of.map((each) => moved(each, by)) };
}

/** Return the channels of the layer that something is made of. */
export function channelsOf(made) {
  return typeof made === "number" ? [made] : made.of.flatMap(channelsOf);
}

/**
 * Return the folded response.
 * @param {number | Fold} made
 * @param {(channel: number) => number} response of a channel of the layer
 */
export function folded(made, response) {
  if (typeof made === "number") return response(made);
  return FOLDS[made.how](made.of.map((each) => folded(each, response)));
}
