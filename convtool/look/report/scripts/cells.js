import { make } from "./dom.js";
import { heat, peakOf } from "./heat.js";

/** The most weights that are edited one by one, in all and in a row. */
const MOST = 81;
const MOST_IN_A_ROW = 15;

/** Return the number that a text stands for, fractions included, or null. */
export function readNumber(text) {
  const parts = text.trim().replace("−", "-").replace(",", ".").split("/");
  const numbers = parts.map((part) => (part.trim() === "" ? NaN : Number(part)));
  const value = numbers.length === 2 ? numbers[0] / numbers[1] : numbers[0];
  return numbers.length <= 2 && Number.isFinite(value) ? value : null;
}

/**
 * Make a field for each weight, and return what shows settings in them.
 * @param {HTMLElement} root
 * @param {number} dims
 * @param {(weights: number[]) => void} changed
 */
export function makeCells(root, dims, changed) {
  let shown = "";
  return (settings) => {
    const { kernel, weights } = settings;
    if (weights.length > MOST || kernel[2] > MOST_IN_A_ROW) {
      root.replaceChildren(make("p", { class: "hint" },
        `${weights.length} weights are too many to edit one by one: choose a smaller size.`));
      shown = "";
      return;
    }
    if (shown !== kernel.join()) root.replaceChildren(...planes(kernel, dims));
    shown = kernel.join();
    const peak = peakOf(weights);
    root.querySelectorAll("input").forEach((field, tap) => {
      field.value = String(Number(weights[tap].toPrecision(4)));
      field.title = String(weights[tap]);
      field.style.background = heat(weights[tap], peak);
      field.onchange = () => {
        const value = readNumber(field.value);
        const next = [...weights];
        if (value !== null) next[tap] = value;
        changed(next);
      };
      field.onkeydown = (event) => move(event, root, tap, kernel);
    });
  };
}

/** Return a grid of fields for each plane of a kernel. */
function planes([frames, height, width], dims) {
  return Array.from({ length: frames }, (_, frame) => {
    const fields = Array.from({ length: height * width }, (_, tap) => {
      const place = [Math.floor(tap / width) + 1, (tap % width) + 1].slice(dims === 1 ? 1 : 0);
      const name = `Weight ${[...(dims === 3 ? [frame + 1] : []), ...place].join(", ")}`;
      return make("input", {
        type: "text", inputmode: "decimal", "aria-label": name, autocomplete: "off",
      });
    });
    const plane = make("div", { class: "cells" }, ...fields);
    plane.style.gridTemplateColumns = `repeat(${width}, minmax(3.2rem, 4.5rem))`;
    const title = dims === 3 ? [make("p", { class: "row-name" }, `frame ${frame + 1}`)] : [];
    return make("div", { class: "plane" }, ...title, plane);
  });
}

/** Let arrow keys go up and down between the rows of weights. */
function move(event, root, tap, [, , width]) {
  const by = { ArrowUp: -width, ArrowDown: width }[event.key];
  const next = by && root.querySelectorAll("input")[tap + by];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.select();
}
