import { make } from "./dom.js";

/** A flag of a command, which is not broken at its hyphens. */
const FLAG = /(--[a-z][a-z-]*)/;

/** Show the code that is on a page in lines, as `showCode` does. */
export function mountCode(root) {
  for (const pre of root.querySelectorAll(".code pre")) showCode(pre, pre.textContent);
}

/**
 * Show code in lines: what is broken, since there is no room for it, goes on further right.
 * The text of the element stays that of the code.
 * @param {HTMLElement} pre
 * @param {string} code
 */
export function showCode(pre, code) {
  const lines = code.split("\n");
  pre.replaceChildren(...lines.map((line, n) => {
    const parts = line.split(FLAG).filter(Boolean).map((part) =>
      (FLAG.test(part) ? make("span", { class: "flag" }, part) : part));
    return make("span", { class: "code-line" }, ...parts, n < lines.length - 1 ? "\n" : "");
  }));
}
