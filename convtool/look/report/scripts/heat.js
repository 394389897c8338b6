/** The most of a colour that is mixed into the paper, in per cent: text stays readable on it. */
const STRONGEST = 55;

/**
 * Return the background of a number on a scale that is centred on zero: blue below, orange above.
 * @param {number} value
 * @param {number} peak the largest size
 */
export function heat(value, peak) {
  const share = peak > 0 ? Math.min(1, Math.abs(value) / peak) : 0;
  const name = value < 0 ? "negative" : "positive";
  return `color-mix(in oklab, var(--${name}) ${(share * STRONGEST).toFixed(1)}%, var(--paper))`;
}

/** Return the largest size of some numbers. */
export function peakOf(numbers) {
  let peak = 0;
  for (const number of numbers) peak = Math.max(peak, Math.abs(number));
  return peak;
}
