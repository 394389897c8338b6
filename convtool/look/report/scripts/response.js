import { makeSvg } from "./dom.js";
import { text } from "./numbers.js";

/** Points of a curve, and cells along each axis of a picture. */
const POINTS = 240;
const CELLS = 65;
const FLOOR = -80;  // dB
const [WIDTH, HEIGHT, LEFT, BOTTOM] = [420, 190, 44, 26];

/**
 * Return the gain of taps at a frequency in cycles per sample.
 * @param {ArrayLike<number>} taps
 * @param {number} frequency
 */
export function gain(taps, frequency) {
  let [real, imaginary] = [0, 0];
  for (let tap = 0; tap < taps.length; tap += 1) {
    const phase = 2 * Math.PI * frequency * tap;
    real += taps[tap] * Math.cos(phase);
    imaginary -= taps[tap] * Math.sin(phase);
  }
  return Math.hypot(real, imaginary);
}

/** Return a gain in decibels. */
export function decibels(size) {
  return 20 * Math.log10(Math.max(size, 1e-10));
}

/**
 * Return a curve of the gain over frequency.
 * @param {number[]} taps
 * @param {number | null} rate samples per second, or null where there is no time
 * @param {number} dilation samples from one tap to the next
 */
export function curve(taps, rate, dilation) {
  const found = Array.from({ length: POINTS + 1 }, (_, n) =>
    decibels(gain(taps, (n / POINTS / 2) * dilation)));
  const top = Math.max(0, 20 * Math.ceil(Math.max(...found) / 20 - 0.05));
  const bottom = Math.max(FLOOR, Math.min(-20, 20 * Math.floor(Math.min(...found) / 20)));
  const x = (share) => LEFT + share * (WIDTH - LEFT - 8);
  const times = (HEIGHT - BOTTOM - 8) / (top - bottom);
  const y = (level) => 8 + (top - Math.max(bottom, level)) * times;
  const point = (level, n) => `${x(n / POINTS).toFixed(1)},${y(level).toFixed(1)}`;
  const path = found.map((level, n) => `${n ? "L" : "M"}${point(level, n)}`);
  const lines = [];
  for (let level = top; level >= bottom; level -= 20) {
    const ends = { x1: LEFT, x2: WIDTH - 8, y1: y(level), y2: y(level) };
    lines.push(makeSvg("line", { ...ends, class: "grid-line" }),
      makeSvg("text", { x: LEFT - 6, y: y(level) + 4, "text-anchor": "end" }, `${text(level)} dB`));
  }
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    makeSvg("text", { x: x(share), y: HEIGHT - 6, "text-anchor": share === 1 ? "end" : "middle" },
      frequencyText(share / 2, rate)));
  return makeSvg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "curve", role: "img",
    "aria-label": `Gain over frequency: ${levelsText(found, rate)}` },
  ...lines, makeSvg("path", { d: path.join("") }), ...ticks);
}

function frequencyText(cycles, rate) {
  if (rate === null) return text(cycles, 3);
  const hertz = cycles * rate;
  return hertz >= 1000 ? `${text(hertz / 1000, 3)} kHz` : `${text(hertz, 3)} Hz`;
}

function levelsText(found, rate) {
  return [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const level = text(found[Math.round(share * POINTS)], 3);
    return `${frequencyText(share / 2, rate)} ${level} dB`;
  }).join(", ");
}

/**
 * Return the gain of a kernel with two axes at all frequencies: still areas in the middle.
 * @param {ArrayLike<number>} weights in rows
 * @param {number[]} size height and width
 * @param {number[]} dilation
 * @returns {{canvas: HTMLCanvasElement, peak: number}}
 */
export function plane(weights, [height, width], dilation) {
  const gains = gainsOf(weights, height, width, dilation);
  const peak = gains.reduce((most, each) => Math.max(most, each), 0);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = CELLS;
  const context = canvas.getContext("2d");
  const image = context.createImageData(CELLS, CELLS);
  gains.forEach((size, n) => {
    image.data.fill(peak > 0 ? (255 * size) / peak : 0, 4 * n, 4 * n + 3);
    image.data[4 * n + 3] = 255;
  });
  context.putImageData(image, 0, 0);
  return { canvas, peak };
}

/** Return the gain at each frequency, rows first: each row of taps once, then each column. */
function gainsOf(weights, height, width, [down, across]) {
  const frequencies = Array.from({ length: CELLS }, (_, n) => n / (CELLS - 1) - 0.5);
  const rows = [];
  for (let y = 0; y < height; y += 1) {
    rows.push(frequencies.map((frequency) => sum(width, (x) => weights[y * width + x],
      () => 0, frequency * across)));
  }
  return frequencies.flatMap((vertical) => frequencies.map((_, n) => {
    const [realOf, imaginaryOf] = [0, 1].map((part) => (y) => rows[y][n][part]);
    return Math.hypot(...sum(height, realOf, imaginaryOf, vertical * down));
  }));
}

/** Return the sum of complex numbers, each turned by its phase. */
function sum(count, realOf, imaginaryOf, frequency) {
  let [real, imaginary] = [0, 0];
  for (let n = 0; n < count; n += 1) {
    const [c, s] = [Math.cos(2 * Math.PI * frequency * n), -Math.sin(2 * Math.PI * frequency * n)];
    real += realOf(n) * c - imaginaryOf(n) * s;
    imaginary += realOf(n) * s + imaginaryOf(n) * c;
  }
  return [real, imaginary];
}
