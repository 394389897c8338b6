import { make } from "./dom.js";
import { element } from "./element.js";
import { byHeat, byShade, DIGITS, grid, marked } from "./grid.js";
import { channelName, placeName, resultName } from "./names.js";
import { counted, factor, sign, stated, text } from "./numbers.js";
import { product } from "./geometry.js";
import { chain } from "./chain.js";
import { unitsOf } from "./units.js";

/** The most numbers of one grid, input channels with grids, and products in the line of text. */
const CELLS = 150;
const COLUMNS = 33;
const ROWS = 8;
const PRODUCTS = 50;
const LARGEST = 9;

/**
 * Show how the selected output came about: window, kernel, products, sum, and what follows.
 * @param {HTMLElement} root
 * @param {import("./selection.js").Page} page
 * @param {() => string} unit "stored" or "one"
 */
export function showSum(root, page, unit) {
  const { run, selected } = page;
  const worked = element(run, selected.channel, selected.position);
  const units = unitsOf(run, unit());
  const rows = worked.terms.flatMap((term) => term.rows.map((row) => ({ term, row })));
  const parts = rows.slice(0, ROWS).map(({ term, row }) =>
    rowOf(run, worked, term, row, units));
  if (rows.length > ROWS) parts.push(make("p", { class: "hint" },
    `The first ${ROWS} of ${rows.length} pairs of a window and a kernel; the sums have all.`));
  const blocks = make("div", { class: "blocks" }, ...parts);
  root.replaceChildren(blocks, line(worked, units), chain(run, selected.channel, worked, units));
  return worked;
}

/** Return the window, the kernel and the products of one input channel. */
function rowOf(run, worked, term, row, units) {
  const [frames, height, width] = run.geometry.kernel;
  const several = worked.terms.length > 1;
  const kernel = several ? `kernel ${worked.terms.indexOf(term) + 1}` : "kernel";
  const own = channelName(run.inputs[row.channel] ?? String(row.channel + 1));
  const name = run.weighted ? `${own} × opacity` : own;
  const heading = make("p", { class: "row-name" }, several ? `${name} · ${kernel}` : name);
  if (frames * height * width > CELLS || width > COLUMNS) {
    return make("div", {}, heading, largest(row, worked, units, run.dims));
  }
  const each = height * width;
  const sets = Array.from({ length: frames }, (_, frame) => {
    const cut = (numbers) => numbers.slice(frame * each, (frame + 1) * each);
    const samples = cut(row.samples).map((value) => value / units.input);
    const products = cut(row.products).map((value) => value / units.input);
    const places = cut(worked.places);
    const range = run.shown.map((value) => (value * run.levels.scale) / units.input);
    const dress = run.levels.signed ? byHeat(samples) : byShade(samples, range);
    const title = frames > 1 ? `frame ${places[0].at[0]}` : "window";
    return make("div", { class: "row" },
      grid(title, samples, width, marked(dress, places)),
      make("span", { class: "sign", "aria-hidden": "true" }, "×"),
      grid("kernel", cut(row.weights), width, byHeat(cut(row.weights))),
      make("span", { class: "sign", "aria-hidden": "true" },
        signOf(samples, cut(row.weights), products)),
      grid("products", products, width, byHeat(products)));
  });
  return make("div", {}, heading, make("div", { class: "blocks" }, ...sets));
}

/** Return the sign before the grid of products: "=" where each is that of what is printed. */
function signOf(samples, weights, products) {
  const printed = (number) => stated(text(number, DIGITS));
  const exact = products.every((each, tap) =>
    sign(printed(samples[tap]) * printed(weights[tap]), text(each, DIGITS)) === "=");
  return exact ? "=" : "≈";
}

/** Return the largest products of a large window. */
function largest(row, worked, units, dims) {
  const taps = row.products.map((_, tap) => tap).filter((tap) => row.weights[tap] !== 0);
  const order = taps
    .sort((a, b) => Math.abs(row.products[b]) - Math.abs(row.products[a])).slice(0, LARGEST);
  const shown = order.map((tap) => {
    const { at, added } = worked.places[tap];
    const place = at.slice(3 - dims).join(", ");
    const sample = factor(row.samples[tap] / units.input, 6);
    const weight = factor(row.weights[tap], 6);
    const made = text(row.products[tap] / units.input);
    const equals = sign(stated(weight) * stated(sample), made);
    return make("li", {}, `${weight} · ${sample} ${equals} ${made}`,
      make("span", { class: "muted" }, ` at ${place}${added ? ", padding" : ""}`));
  });
  return make("div", {},
    make("p", { class: "hint" }, `${counted(taps.length, "product")} with weights other than zero` +
      (taps.length > LARGEST ? `, too many to print. The ${shown.length} largest:` : ":")),
    make("ol", { class: "largest" }, ...shown));
}

/** Return the sum as one line of arithmetic, where it is not too long to be read. */
function line({ terms }, units) {
  const [first] = terms;
  const factors = first.rows.flatMap((row) => row.weights.map((weight, tap) =>
    [factor(weight), factor(row.samples[tap] / units.input)]));
  if (factors.length > PRODUCTS) return "";
  const products = factors.map(([weight, sample]) => stated(weight) * stated(sample));
  const sums = terms.length > 1 ? "The first kernel: " : "";
  const sum = text(first.sum / units.input);
  const largest = Math.max(...products.map(Math.abs));
  const equals = sign(products.reduce((all, each) => all + each, 0), sum, largest);
  const written = factors.map((each) => each.join("·")).join(" + ");
  return make("p", { class: "line" }, `${sums}${written} ${equals} ${sum}`);
}

/** Return what a screen reader says of the selected output. */
export function summary(page, worked, unit) {
  const units = unitsOf(page.run, unit);
  const { channel, position } = page.selected;
  const sums = worked.terms.map((term) => text(term.response / units.input)).join(" and ");
  return `${resultName(page.run, channel)}, ${placeName(page.run, position)}: ` +
    `${counted(product(page.run.geometry.kernel), "tap")}, sum ${sums}, ` +
    `stored ${text(worked.stored / units.output)}`;
}
