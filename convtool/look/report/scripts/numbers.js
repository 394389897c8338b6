/**
 * Return a number for people: at most six digits that count, and a real minus.
 * @param {number} number
 * @param {number} digits
 */
export function text(number, digits = 6) {
  if (!Number.isFinite(number)) return String(number).replace("-", "−");
  if (Number.isInteger(number) && Math.abs(number) < 1e9) return String(number).replace("-", "−");
  const size = Math.abs(number);
  const plain = size >= 1e-4 && size < 1e9;
  const short = plain ? String(Number(number.toPrecision(digits))) : number.toExponential(2);
  return short.replace("-", "−").replace("e−", "e−").replace("e-", "e−");
}

/** Return a number as a factor of a product: negative ones in parentheses. */
export function factor(number, digits = 4) {
  return number < 0 ? `(${text(number, digits)})` : text(number, digits);
}

/**
 * Return a time for people, in the unit that suits the longest of its axis.
 * @param {number} seconds
 * @param {number} longest
 */
export function timeText(seconds, longest) {
  if (longest >= 0.1) return `${text(seconds, 4)} s`;
  const [unit, times] = longest >= 1e-3 ? ["ms", 1e3] : ["µs", 1e6];
  return `${text(seconds * times, 4)} ${unit}`;
}

/** Return a count with its digits in groups of three, and its noun: 1 234 567 taps. */
export function counted(number, noun = "") {
  const digits = String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  if (!noun) return digits;
  return `${digits} ${noun}${number === 1 ? "" : "s"}`;
}

/** The share of the largest number by which two sides differ that are the same in decimals. */
const NOISE = 1e-12;

/** Return the number that a text states, without the digits that it leaves out. */
export function stated(written) {
  return Number(written.replaceAll("−", "-").replace(/[()]/g, ""));
}

/**
 * Return the sign between what was worked out of printed numbers and a printed result: "=" only
 * where that is true of the numbers as they are printed.
 * @param {number} left
 * @param {string} right
 * @param {number} largest of the numbers that were added up
 */
export function sign(left, right, largest = Math.abs(left)) {
  return Math.abs(left - stated(right)) <= NOISE * largest ? "=" : "≈";
}
