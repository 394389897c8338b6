import { make } from "./dom.js";
import { rowsOf } from "./element.js";
import { channelsOf, madeOf } from "./folds.js";
import { byHeat, grid } from "./grid.js";
import { heat, peakOf } from "./heat.js";
import { reachOf } from "./measure.js";
import { channelName } from "./names.js";
import { counted, text } from "./numbers.js";
import { curve, plane } from "./response.js";

/** The most kernels, and the most numbers of one, that are shown. */
const MOST = 12;
const CELLS = 225;
const COLUMNS = 33;

/** Show each kernel of the layer: numbers, frequency response, sum and reach. */
export function mountKernels(section, _facts, page) {
  const root = section.querySelector("#kernels-all");
  const show = () => {
    const found = kernelsOf(page.run);
    const cards = found.slice(0, MOST).map((kernel) => cardOf(kernel, page.run));
    if (found.length > MOST) {
      const all = counted(found.length);
      cards.push(make("p", { class: "hint" }, `The first ${MOST} of ${all} kernels.`));
    }
    root.replaceChildren(...cards);
  };
  page.onShow(show);
  show();
}

/**
 * Return the kernels of a run, those that are alike once.
 * @returns {{name: string, weights: number[], bias: number}[]}
 */
export function kernelsOf(run) {
  const { layer } = run;
  const found = new Map();
  for (const { title, channels, names } of run.outputs) {
    channels.forEach((result, n) => {
      const members = channelsOf(madeOf(layer, result));
      members.forEach((channel, member) => {
        const bias = layer.bias ? layer.bias.values[channel] : 0;
        for (const { channel: input, taps } of rowsOf(layer, channel)) {
          const weights = Array.from(taps);
          const key = `${title}/${member}/${bias}/${weights}`;
          const first = { title, member, of: members.length, weights, bias, uses: [] };
          const known = found.get(key) ?? first;
          const from = channelName(run.inputs[input] ?? String(input + 1));
          known.uses.push({ input: from, output: channelName(names[n]) });
          found.set(key, known);
        }
      });
    });
  }
  const total = found.size;
  return [...found.values()].map((kernel) => ({ ...kernel, name: nameOf(kernel, total) }));
}

function nameOf({ title, member, of, uses }, total) {
  const part = of > 1 ? `, ${member + 1} of ${of}` : "";
  const [{ input, output }] = uses;
  if (uses.length > 1 || total === 1 || of > 1) return `${title}${part}`;
  return `${title} ${output}, from input ${input}`;
}

function cardOf({ name, weights, bias }, run) {
  const { kernel, dilation } = run.geometry;
  const [low, high] = reachOf(weights, bias, run.mappings[0].centred);
  const sum = weights.reduce((all, each) => all + each, 0);
  const inputs = run.mappings[0].centred ? "−1…1" : "0…1";
  const facts = make("dl", { class: "facts" },
    ...pair("Sum", `${text(sum)}${sum === 0 ? ", flat areas give zero" : ""}`),
    ...pair("Reach", `${text(low)} … ${text(high)}, from inputs in ${inputs}`),
    ...(bias ? pair("Bias", text(bias)) : []));
  return make("article", { class: "kernel" }, make("h3", {}, name),
    make("div", { class: "kernel-parts" }, numbersOf(weights, kernel),
      ...responsesOf(weights, kernel, dilation, run)), facts);
}

/** Return the gain over frequencies in time, of weights that are one per frame. */
function inTime(weights, dilation, run, of = "") {
  return make("figure", {}, make("figcaption", {}, `Gain over frequency in time${of}`),
    curve(weights, run.rate, dilation[0]));
}

function pair(name, value) {
  return [make("dt", {}, name), make("dd", {}, value)];
}

/** Return the weights of a kernel as grids, or where there are many as a picture. */
function numbersOf(weights, [frames, height, width]) {
  if (weights.length > CELLS || width > COLUMNS) {
    return picturesOf(weights, [frames, height, width]);
  }
  const each = height * width;
  const dress = byHeat(weights);
  return make("div", { class: "planes" }, ...Array.from({ length: frames }, (_, frame) =>
    grid(frames > 1 ? `frame ${frame + 1}` : `${height > 1 ? `${height}×` : ""}${width} weights`,
      weights.slice(frame * each, (frame + 1) * each), width,
      (cell, index) => dress(cell, frame * each + index))));
}

/** Return the weights of a kernel as colours, a picture for each frame. */
function picturesOf(weights, [frames, height, width]) {
  const peak = peakOf(weights);
  if (height === 1) return bars(weights, peak);
  const each = height * width;
  const pictures = Array.from({ length: frames }, (_, frame) => {
    const name = frames > 1 ? `Frame ${frame + 1}: ` : "";
    const table = make("div", { class: "heat", role: "img",
      "aria-label": `${name}${height}×${width} weights` });
    table.style.gridTemplateColumns = `repeat(${width}, 1fr)`;
    table.style.aspectRatio = `${width} / ${height}`;
    for (const weight of weights.slice(frame * each, (frame + 1) * each)) {
      const cell = make("span");
      cell.style.background = heat(weight, peak);
      table.append(cell);
    }
    return table;
  });
  const several = frames > 1 ? `${frames} frames of ` : "";
  return make("div", {}, make("div", { class: "heats" }, ...pictures), make("p", { class: "hint" },
    `${several}${height}×${width} weights, the largest ${text(peak)}`));
}

/** Return taps as bars up and down from zero. */
function bars(weights, peak) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [420, 140];
  const context = canvas.getContext("2d");
  const wide = canvas.width / weights.length;
  const style = getComputedStyle(document.documentElement);
  context.fillStyle = style.color;
  weights.forEach((weight, n) => {
    const level = (weight / peak) * 66;
    const [top, high] = [70 - Math.max(0, level), Math.max(1, Math.abs(level))];
    context.fillRect(n * wide, top, Math.max(1, wide * 0.8), high);
  });
  canvas.setAttribute("role", "img");
  const words = `${counted(weights.length, "tap")}, the largest ${text(peak)}`;
  canvas.setAttribute("aria-label", words);
  return make("div", {}, canvas, make("p", { class: "hint" }, words));
}

/** Return the figures of a kernel's frequency response, and words where nothing passes. */
function responsesOf(weights, [frames, height, width], dilation, run) {
  if (run.dims === 1) {
    return [make("figure", {}, make("figcaption", {}, "Gain over frequency"),
      curve(weights, run.rate, dilation[2]))];
  }
  if (height === 1 && width === 1) return [inTime(weights, dilation, run)];
  const all = [stillResponse(weights, [frames, height, width], dilation)];
  const each = height * width;
  const sums = Array.from({ length: frames }, (_, frame) =>
    weights.slice(frame * each, (frame + 1) * each).reduce((sum, weight) => sum + weight, 0));
  if (frames > 1 && sums.some((sum) => !isNothing(sum, weights))) {
    all.push(inTime(sums, dilation, run, ", of flat areas"));
  }
  return all;
}

/** Return whether a sum of weights is zero but for rounding. */
function isNothing(sum, weights) {
  return Math.abs(sum) <= 1e-6 * weights.reduce((size, weight) => size + Math.abs(weight), 0);
}

/** Return the gain over frequencies within a frame, of what does not move. */
function stillResponse(weights, [frames, height, width], dilation) {
  const flat = Array.from({ length: height * width }, (_, tap) => {
    let all = 0;
    for (let frame = 0; frame < frames; frame += 1) all += weights[frame * height * width + tap];
    return all;
  });
  if (frames > 1 && flat.every((sum) => isNothing(sum, weights))) {
    return make("figure", {}, make("figcaption", {}, "Gain over frequency within a frame"),
      make("p", { class: "hint" }, "Nothing passes of what does not move."));
  }
  const { canvas, peak } = plane(flat, [height, width], dilation.slice(1));
  canvas.className = "response";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label",
    `Gain over horizontal and vertical frequency, up to ${text(peak, 3)}`);
  const still = frames > 1 ? ", of what does not move" : "";
  return make("figure", {}, make("figcaption", {}, "Gain over frequency"), canvas,
    make("p", { class: "hint" }, `Middle: flat areas; edges: details of two samples${still}. ` +
      `Black: nothing passes; white: gain ${text(peak, 3)}.`));
}
