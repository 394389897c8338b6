import { correlated } from "./convolve.js";
import { make, makeSvg } from "./dom.js";
import { rowsOf } from "./element.js";
import { channelsOf, folded, madeOf } from "./folds.js";
import { product } from "./geometry.js";
import { resultName } from "./names.js";
import { counted, text } from "./numbers.js";
import { mapped, quantized } from "./rules.js";

const BINS = 96;
const LINES = 24;
/** Products up to which every output is counted; beyond, one of several. */
const MOST = 1.5e8;
const [BARS, GAP, EDGE] = [110, 90, 8];

/** Show how responses and stored values are distributed, and how one becomes the other. */
export function mountDistribution(section, _facts, page) {
  const root = section.querySelector("#distribution-all");
  let shown = [];
  let timer = null;
  const show = () => {
    const { channel } = page.selected;
    const width = Math.min(960, root.clientWidth);
    const key = [page.run, channel, width];
    if (key.every((each, n) => each === shown[n])) return;
    shown = key;
    root.replaceChildren(...picture(page.run, channel, width));
  };
  new ResizeObserver(show).observe(root);
  page.onSelect(() => {
    clearTimeout(timer);
    timer = setTimeout(show, 120);
  });
  show();
}

/**
 * Return the responses of a channel of the result, folded, in stored units of the input.
 * @param {object} run
 * @param {number} channel
 * @returns {{values: Float64Array, every: number}} of so many outputs along the last axis, one
 */
export function responsesOf(run, channel) {
  const { layer, geometry } = run;
  const made = madeOf(layer, channel);
  const channels = channelsOf(made);
  const [, inputs, ...kernel] = layer.weight.shape;
  const work = product(geometry.size) * inputs * product(kernel) * channels.length;
  const every = Math.min(geometry.size[2], Math.max(1, Math.ceil(work / MOST)));
  const stride = [...geometry.stride.slice(0, 2), geometry.stride[2] * every];
  const moves = { ...geometry, stride };
  const of = (each) => {
    const { values } = correlated(run.padded, rowsOf(layer, each), moves);
    const bias = layer.bias ? layer.bias.values[each] * run.levels.scale : 0;
    return bias ? values.map((value) => value + bias) : values;
  };
  const parts = new Map(channels.map((each) => [each, of(each)]));
  const weights = run.weighted ? of(layer.weight.shape[0] - 1) : null;
  const values = parts.get(channels[0]).map((_, at) =>
    folded(made, (each) => parts.get(each)[at]) / (weights ? weights[at] : 1));
  return { values, every };
}

function picture(run, channel, width) {
  const { values, every } = responsesOf(run, channel);
  const unit = run.levels.scale;
  const levels = run.storedLevels;
  const mapping = run.mappings[channel];
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low === high) [low, high] = [low - 1, high + 1];
  const least = levels.floats && !levels.signed ? Math.min(0, run.storedShown[0]) : levels.low;
  const most = levels.floats ? run.storedShown[1] : levels.high;
  const place = (number, from, to) => EDGE + ((number - from) / (to - from)) * (width - 2 * EDGE);
  const stored = run.stored.values.subarray(
    channel * product(run.geometry.size), (channel + 1) * product(run.geometry.size));
  const clipped = { below: 0, above: 0 };
  for (const value of values) {
    const number = mapped(value, mapping, unit, levels.scale);
    if (number < levels.low - 0.5) clipped.below += 1;
    if (number > levels.high + 0.5) clipped.above += 1;
  }
  const lines = Array.from({ length: LINES + 1 }, (_, n) => {
    const response = low + ((high - low) * n) / LINES;
    const number = mapped(response, mapping, unit, levels.scale);
    const end = quantized(number, mapping, levels);
    const cut = !levels.floats && Math.abs(end - number) > 0.6;
    return makeSvg("line", { x1: place(response, low, high), y1: BARS + 20,
      x2: place(end, least, most), y2: BARS + 20 + GAP, class: cut ? "clip-line" : "map-line" });
  });
  const total = values.length;
  const [scaleLow, scaleHigh] = [low / unit, high / unit].map((end) => text(end, 4));
  const one = levels.signed ? "full scale" : "white";
  const sentence = `Responses from ${scaleLow} to ${scaleHigh}, where 1 is ${one}. ` +
    clippedText(clipped, total, levels);
  const floats = `Responses from ${scaleLow} to ${scaleHigh}, stored as floats. ` +
    "Nothing is clipped.";
  const top = bars(count(values, low, high), width, 12);
  const bottom = bars(count(stored, least, most), width, BARS + GAP + 40);
  const svg = makeSvg("svg", { viewBox: `0 0 ${width} ${2 * BARS + GAP + 50}`, class: "histogram",
    role: "img", "aria-label": levels.floats ? floats : sentence },
  ...top, ...label(low / unit, high / unit, width, BARS + 14, "responses"), ...lines, ...bottom,
  ...label(least, most, width, 2 * BARS + GAP + 42, "stored values"));
  const counts = every > 1 ? `one of ${every} outputs` : `all ${counted(total)} outputs`;
  return [
    make("p", {}, levels.floats ? floats : sentence),
    svg,
    make("p", { class: "hint" }, `${resultName(run, channel)}: ${counts} that this page ` +
      "holds. Heights grow with the root of the count, so that rare values are seen. Lines lead " +
      "from responses to the values that they are stored as" +
      `${levels.floats ? "." : "; dashed ones are clipped."}`),
  ];
}

/** Return which share of the outputs is clipped, and at which end. */
function clippedText({ below, above }, total, { low, high }) {
  const share = (count) => `${text((100 * count) / total, 3)}\u00a0%`;
  const ends = [[below, "below", low], [above, "above", high]]
    .filter(([count]) => count)
    .map(([count, side, end]) => `${share(count)} would be ${side} ${text(end)}`);
  return ends.length ? `${ends.join(" and ")}: they are clipped.` : "Nothing is clipped.";
}

/** Return how many numbers are in each of the bins from low to high. */
function count(values, low, high) {
  const counts = new Array(BINS).fill(0);
  const times = BINS / (high - low);
  for (const value of values) {
    counts[Math.min(BINS - 1, Math.max(0, Math.floor((value - low) * times)))] += 1;
  }
  return counts;
}

/** Return bars whose heights grow with the root of counts: rare values stay visible. */
function bars(counts, width, top) {
  const peak = Math.sqrt(Math.max(...counts));
  const wide = (width - 2 * EDGE) / BINS;
  return counts.map((number, n) => {
    const height = peak ? (Math.sqrt(number) / peak) * (BARS - 16) : 0;
    return makeSvg("rect", { x: EDGE + n * wide, y: top + BARS - 16 - height,
      width: Math.max(0.5, wide - 1), height, class: "bar-mark" });
  });
}

function label(low, high, width, y, name) {
  return [
    makeSvg("text", { x: EDGE, y }, text(low, 4)),
    makeSvg("text", { x: width / 2, y, "text-anchor": "middle" }, name),
    makeSvg("text", { x: width - EDGE, y, "text-anchor": "end" }, text(high, 4)),
  ];
}
