import { rowsOf } from "./element.js";
import { channelsOf, madeOf } from "./folds.js";
import { product } from "./geometry.js";
import { usualRule } from "./measure.js";

/**
 * Return the settings of the layer that ran: those of the selected channel's first kernel.
 * @param {import("./selection.js").Page} page
 * @returns {import("./edited.js").Settings}
 */
export function firstSettings({ original, selected }) {
  const { geometry, layer, mappings, medium } = original;
  const channel = Math.min(selected.channel, mappings.length - 1);
  const members = channelsOf(madeOf(layer, channel));
  const [first] = members;
  const [{ taps }] = rowsOf(layer, first);
  const { before, after } = geometry;
  const span = geometry.extent.map((covered) => covered - 1);
  const same = before.every((n, axis) => n + after[axis] === span[axis]);
  const even = before.every((n, axis) => n === after[axis]);
  return {
    untouched: true,
    preset: "",
    kernel: geometry.kernel,
    weights: Array.from(taps, shortened),
    bias: layer.bias ? shortened(layer.bias.values[first]) : 0,
    stride: geometry.stride,
    dilation: geometry.dilation,
    padding: same ? "same" : !even ? "own" : before.some((n) => n) ? before : "valid",
    own: { before, after },
    mode: geometry.mode,
    rule: members.length > 1 ? ownRule(taps, medium) : ruleOf(mappings[channel]),
    align: before[2] === span[2] && span[2] > 0 ? "causal" : "centre",
  };
}

/** Return the rule of a kernel out of a bank, which the bank's does not fit. */
function ownRule(taps, medium) {
  return medium === "audio" ? "clamp" : usualRule(Array.from(taps));
}

function ruleOf({ rule }) {
  return rule === "none" ? "clamp" : rule;
}

/** Return a number in as few digits as give the same float32 again: 0.1, not 0.10000000149. */
export function shortened(number) {
  for (let digits = 1; digits < 17; digits += 1) {
    const short = Number(number.toPrecision(digits));
    if (Math.fround(short) === Math.fround(number)) return short;
  }
  return number;
}

/** Return what a preset changes in settings. */
export function ofPreset({ name, weights, rule, align }, settings, { dims, medium }) {
  const shape = [];
  for (let inner = weights; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  return {
    untouched: false,
    preset: name,
    presetRule: medium === "audio" ? "clamp" : rule,
    kernel: [...Array(3 - dims).fill(1), ...shape],
    weights: weights.flat(2),
    bias: 0,
    rule: medium === "audio" ? "clamp" : rule,
    align,
    padding: settings.padding,
  };
}

/** Return what another size changes: weights keep their distance from the middle. */
export function resized({ weights, kernel }, size) {
  const moved = size.map((taps, axis) => ((taps - 1) >> 1) - ((kernel[axis] - 1) >> 1));
  const next = Array(product(size)).fill(0);
  weights.forEach((weight, tap) => {
    const x = tap % kernel[2];
    const y = Math.floor(tap / kernel[2]) % kernel[1];
    const z = Math.floor(tap / (kernel[1] * kernel[2]));
    const at = [z, y, x].map((n, axis) => n + moved[axis]);
    if (at.every((n, axis) => n >= 0 && n < size[axis])) {
      next[(at[0] * size[1] + at[1]) * size[2] + at[2]] = weight;
    }
  });
  return { kernel: size, weights: next };
}
