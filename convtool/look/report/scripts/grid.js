import { make } from "./dom.js";
import { heat, peakOf } from "./heat.js";
import { text } from "./numbers.js";

/** The share of white from which black text is read better than white text. */
const LIGHT = 0.46;

/** The digits of a cell. */
export const DIGITS = 5;

/** Columns that fit a small screen; wider tables scroll, also by keyboard. */
const FIXED = 7;

/**
 * Return a table of numbers, a kernel's or a window's.
 * @param {string} caption
 * @param {number[]} values in rows
 * @param {number} columns
 * @param {(cell: HTMLElement, index: number) => void} dress
 * @param {number} digits
 */
export function grid(caption, values, columns, dress, digits = DIGITS) {
  const rows = [];
  for (let from = 0; from < values.length; from += columns) {
    const cells = values.slice(from, from + columns).map((value, column) => {
      const cell = make("td", {}, text(value, digits));
      dress(cell, from + column);
      return cell;
    });
    rows.push(make("tr", {}, ...cells));
  }
  const table = make("table", { class: "grid" }, make("caption", {}, caption), ...rows);
  if (columns <= FIXED) return make("div", { class: "grid-box" }, table);
  return make("div", {
    class: "grid-box scrolls", tabindex: "0", role: "group", "aria-label": caption,
  }, table);
}

/** Return what colours the cells of numbers around zero. */
export function byHeat(values) {
  const peak = peakOf(values);
  return (cell, index) => { cell.style.background = heat(values[index], peak); };
}

/**
 * Return what colours the cells of samples as they are seen.
 * @param {number[]} values
 * @param {number[]} range what is black and what is white, in the unit of the values
 */
export function byShade(values, [low, high]) {
  return (cell, index) => {
    const share = Math.min(1, Math.max(0, (values[index] - low) / (high - low)));
    const level = Math.round(255 * share);
    cell.style.background = `rgb(${level} ${level} ${level})`;
    cell.style.color = share > LIGHT ? "#000" : "#fff";
  };
}

/** Return what colours cells by another function, and marks the samples that padding adds. */
export function marked(dress, places) {
  return (cell, index) => {
    dress(cell, index);
    if (!places[index].added) return;
    cell.classList.add("added");
    cell.title = "added by padding";
    cell.append(make("span", { class: "hidden-text" }, " (padding)"));
  };
}
