/**
 * The range that a rule of normalization maps, measured as `results/ranges.py` does.
 */

const PERCENTILE = 99.5;
/** Of the range that a kernel can reach: the least that "centred" stretches. */
const LEAST_SHARE = 1 / 32;
/** Of a float32, the digits that sizes are not told apart by. */
const DROPPED = 0xfff;

/**
 * Return the rule for weights that state none: centred where they sum to zero.
 * @param {number[]} weights
 */
export function usualRule(weights) {
  const sum = weights.reduce((all, each) => all + each, 0);
  const size = weights.reduce((all, each) => all + Math.abs(each), 0);
  return size > 0 && Math.abs(sum) <= 1e-9 * size ? "centred" : "clamp";
}

/**
 * Return how responses are mapped.
 * @param {import("./edited.js").Settings} settings
 * @param {Float64Array[]} responses of each channel, in stored units
 * @param {number} unit the response that stands for 1
 * @param {{centred: boolean, floats: boolean}} medium
 * @returns {import("./rules.js").Mapping}
 */
export function mappingOf({ rule, weights, bias }, responses, unit, { centred, floats }) {
  const clipped = floats && ["clamp", "abs", "minmax", "bounds", "centred"].includes(rule);
  const reach = reachOf(weights, bias, centred);
  const ends = {
    centred: () => {
      const size = sizeOf(responses, unit, LEAST_SHARE * (reach[1] - reach[0]));
      return [-size, size];
    },
    minmax: () => extremesOf(responses, unit),
    bounds: () => reach,
  }[rule]?.() ?? [null, null];
  return { rule, low: ends[0], high: ends[1], centred, clipped };
}

/** Return the smallest and the largest response that a kernel can have, where 1 is 1. */
export function reachOf(weights, bias, centred) {
  let [low, high] = [0, 0];
  for (const weight of weights) {
    low += Math.min(0, weight);
    high += Math.max(0, weight);
  }
  if (centred) [low, high] = [low - high, high - low];
  return [low + bias, high + bias];
}

function extremesOf(responses, unit) {
  let [low, high] = [Infinity, -Infinity];
  for (const channel of responses) {
    for (const response of channel) {
      if (response < low) low = response;
      if (response > high) high = response;
    }
  }
  return [low / unit, high / unit];
}

/** Return the size that most responses do not exceed, at least `least`. */
function sizeOf(responses, unit, least) {
  const count = responses.reduce((all, channel) => all + channel.length, 0);
  const sizes = new Float32Array(count);
  let next = 0;
  for (const channel of responses) {
    for (const response of channel) {
      sizes[next] = Math.abs(response);
      next += 1;
    }
  }
  sizes.sort();
  const place = Math.max(1, Math.ceil((PERCENTILE / 100) * count)) - 1;
  const digits = new Uint32Array(sizes.buffer);
  digits[place] = (digits[place] & ~DROPPED) >>> 0;
  return Math.max(sizes[place] / unit, least);
}
