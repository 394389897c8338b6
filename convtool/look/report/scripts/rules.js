/**
 * How a response becomes a stored value, as `results/rules.py` and `levels.py` have it.
 *
 * @typedef {object} Mapping of one channel
 * @property {string} rule
 * @property {number | null} low the response, where 1 is 1, that becomes black
 * @property {number | null} high the one that becomes white
 * @property {boolean} centred results lie in −1…1
 * @property {boolean} clipped what lies beyond the range is clipped
 *
 * @typedef {object} Levels
 * @property {number} scale the stored number that stands for 1
 * @property {number} low
 * @property {number} high
 * @property {boolean} floats
 */

/**
 * Return a response in units of stored results, before it is rounded and clipped.
 * @param {number} response
 * @param {Mapping} mapping
 * @param {number} unit the response that stands for 1
 * @param {number} scale the result that stands for 1
 */
export function mapped(response, mapping, unit, scale) {
  const { rule, low, high, centred } = mapping;
  if (rule === "clamp" || rule === "none") return (response * scale) / unit;
  if (rule === "abs") return (Math.abs(response) * scale) / unit;
  if (rule === "sigmoid") {
    return centred
      ? Math.tanh(response / (2 * unit)) * scale
      : scale / (1 + Math.exp(-response / unit));
  }
  if (centred) {
    const peak = Math.max(Math.abs(low), Math.abs(high)) * unit;
    return peak > 0 ? (response * scale) / peak : 0;
  }
  const width = (high - low) * unit;
  return width > 0 ? ((response - low * unit) * scale) / width : scale / 2;
}

/**
 * Return a number as it is stored: rounded to the nearest level, halves to even, and clipped.
 * @param {number} number in units of stored results
 * @param {Mapping} mapping
 * @param {Levels} levels
 */
export function quantized(number, mapping, levels) {
  const lowest = mapping.centred ? -levels.scale : 0;
  const within = mapping.clipped ? clamp(number, lowest, levels.scale) : number;
  if (levels.floats) return within;
  return clamp(roundHalfEven(within), levels.low, levels.high);
}

/** Return the level that stands for a share of full scale; of floats, the share itself. */
export function levelOf(share, levels) {
  if (levels.floats) return share;
  return clamp(roundHalfEven(share * levels.scale), levels.low, levels.high);
}

function clamp(number, low, high) {
  return Math.min(high, Math.max(low, number));
}

/** Round as IEEE 754 and PyTorch do: 0.5 → 0, 1.5 → 2. */
export function roundHalfEven(number) {
  const below = Math.floor(number);
  const rest = number - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
