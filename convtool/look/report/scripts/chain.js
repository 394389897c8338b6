import { make } from "./dom.js";
import { folded } from "./folds.js";
import { sign, stated, text } from "./numbers.js";
import { rangeText } from "./units.js";

/**
 * Return the steps from the sum to the stored value, each with its numbers.
 * @param {object} run
 * @param {number} channel of the result
 * @param {import("./element.js").Element} worked
 * @param {import("./units.js").Units} units
 */
export function chain(run, channel, worked, units) {
  const show = (number) => text(number / units.input);
  const steps = worked.terms.map((term, index) => {
    const name = worked.terms.length > 1 ? `sum ${index + 1}` : "sum";
    if (!term.bias) return [name, show(term.sum)];
    const [sum, bias, response] = [term.sum, term.bias, term.response].map(show);
    const largest = Math.max(Math.abs(term.sum), Math.abs(term.bias)) / units.input;
    const equals = sign(stated(sum) + stated(bias), response, largest);
    return [`${name} + bias`, `${sum} + ${bias} ${equals} ${response}`];
  });
  const whole = worked.response * worked.weight;
  if (typeof worked.made !== "number") {
    steps.push([worked.made.how, foldText(worked, show, show(whole))]);
  }
  if (run.weighted) {
    const [above, weight, result] = [show(whole), text(worked.weight), show(worked.response)];
    const equals = sign(stated(above) / stated(weight), result);
    steps.push(["divided by the sum of opacity", `${above} / ${weight} ${equals} ${result}`]);
  }
  steps.push(mappingStep(run, channel, worked, units));
  steps.push(storedStep(run, worked, units));
  const items = steps.map(([name, ...value]) =>
    make("li", {}, make("span", { class: "step-name" }, name), make("span", {}, ...value)));
  return make("ol", { class: "chain" }, ...items);
}

/** Return a fold with the numbers that it is made of. */
function foldText({ made, terms }, show, result) {
  const values = new Map(terms.map((term) => [term.channel, show(term.response)]));
  const numbers = [...values.values()].map(stated);
  const largest = Math.max(...numbers.map(Math.abs));
  const equals = sign(folded(made, (channel) => stated(values.get(channel))), result, largest);
  return `${written(made, (channel) => values.get(channel))} ${equals} ${result}`;
}

function written(made, numberOf) {
  if (typeof made === "number") return numberOf(made);
  const parts = made.of.map((each) => written(each, numberOf));
  const bracketed = parts.map((part) => (part.startsWith("−") ? `(${part})` : part));
  if (made.how === "magnitude") return `√(${bracketed.map((part) => `${part}²`).join(" + ")})`;
  if (made.how === "sum") return bracketed.join(" + ");
  if (made.how === "mean") return `(${bracketed.join(" + ")}) / ${parts.length}`;
  return `max(${parts.join(", ")})`;
}

/** Return the step that brings a response into the range of the output. */
function mappingStep(run, channel, worked, units) {
  const { rule, low, high, centred } = run.mappings[channel];
  const unit = run.levels.scale;
  const response = text(worked.response / units.input);
  const full = text(run.storedLevels.scale / units.output);
  const result = text(worked.mapped / units.output);
  const equal = (left) => `${sign(left, result)} ${result}`;
  const [x, scale] = [response, full].map(stated);
  if (rule === "sigmoid") {
    const one = text(worked.response / unit);
    const power = stated(one);
    return ["sigmoid", centred
      ? `${full} · tanh(${one} / 2) ${equal(scale * Math.tanh(power / 2))}`
      : `${full} / (1 + e^(−(${one}))) ${equal(scale / (1 + Math.exp(-power)))}`];
  }
  if (rule === "abs") return ["size", `|${response}| → ${result}`];
  if (low !== null && centred) {
    const peak = text((Math.max(Math.abs(low), Math.abs(high)) * unit) / units.input);
    return [rule, `${response} / ${peak} · ${full} ${equal((x / stated(peak)) * scale)}`];
  }
  if (low !== null) {
    const limits = [low, high].map((end) => text((end * unit) / units.input));
    const [least, most] = limits.map((limit) => (limit.startsWith("−") ? `(${limit})` : limit));
    const note = `${limits[0]} becomes black, ${limits[1]} white`;
    const share = (x - stated(least)) / (stated(most) - stated(least));
    return [`${rule}: ${note}`,
      `(${response} − ${least}) / (${most} − ${least}) · ${full} ${equal(share * scale)}`];
  }
  const same = run.levels.scale / units.input === run.storedLevels.scale / units.output;
  if (same) return [rule === "none" ? "as it is" : "kept within the range", response];
  const one = text(unit / units.input);
  const left = (x * scale) / stated(one);
  return ["in the output's unit", `${response} · ${full} / ${one} ${equal(left)}`];
}

/** Return the last step: rounding, clipping, and what was stored. */
function storedStep(run, worked, units) {
  const { storedLevels: levels } = run;
  const stored = text(worked.stored / units.output);
  const how = levels.floats ? "stored" : `rounded to a level of ${rangeText(levels)}`;
  return [how, make("strong", {}, stored), " ", verdict(run, worked)];
}

/** Return whether the page's arithmetic comes to the value that the run stored. */
function verdict(run, worked) {
  if (run.edited) return make("span", { class: "edited" }, "edited, worked out in this page");
  const { stored, computed } = worked;
  const near = 1e-5 * Math.max(1, Math.abs(stored));
  const same = run.storedLevels.floats ? Math.abs(stored - computed) <= near : stored === computed;
  const file = run.file.exact
    ? "✓ equals the file"
    : `✓ as the ${run.file.suffix} encoder was given it`;
  if (same) return make("span", { class: "good" }, file);
  return make("span", { class: "note" },
    `the run stored this; exact arithmetic rounds to ${text(computed)}, ` +
    "as the run works in 32 bits and the value lies between two levels");
}
