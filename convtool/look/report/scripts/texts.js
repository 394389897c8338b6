import { constantOf, modesOf } from "./geometry.js";
import { usualRule } from "./measure.js";

/** What settings are called that a command leaves out where they are usual. */
const USUAL_MODES = { image: "replicate", video: "replicate", audio: "zeros" };

/** Padding modes that nn.Conv has itself. */
const OWN_MODES = ["zeros", "reflect", "replicate", "circular"];

/** The most weights that a command has in itself. */
const MOST = 100;

/** Return weights as nested lists, without the axes that a medium does not have. */
function nested({ weights, kernel }, dims) {
  const cut = (numbers, [taps, ...inner]) => {
    if (!inner.length) return numbers;
    const each = numbers.length / taps;
    const part = (n) => numbers.slice(n * each, (n + 1) * each);
    return Array.from({ length: taps }, (_, n) => cut(part(n), inner));
  };
  return cut(weights, kernel.slice(3 - dims));
}

/** Return whether a command needs the kernel as a file: for a bias, or for many weights. */
export function needsFile({ preset, bias, weights }) {
  return !preset && (Boolean(bias) || weights.length > MOST);
}

/** Return a kernel as the text of `-k`: "0 -1 0; -1 5 -1; 0 -1 0". */
export function gridText(settings, dims) {
  const rows = (numbers) => numbers.map((row) => row.join(" ")).join("; ");
  const lists = nested(settings, dims);
  if (dims === 1) return lists.join(" ");
  return dims === 2 ? rows(lists) : lists.map(rows).join(" | ");
}

/**
 * Return the command that does what settings say, on any file.
 * @param {import("./edited.js").Settings} settings
 * @param {{medium: string, dims: number}} run
 */
export function commandText(settings, { medium, dims }) {
  const written = needsFile(settings) ? "edited.yaml" : `"${gridText(settings, dims)}"`;
  const kernel = settings.preset || written;
  const words = [`convtool ${medium} INPUT OUTPUT -k ${kernel}`];
  const flag = (name, numbers, usual) => {
    const own = numbers.slice(3 - dims);
    const same = own.every((n) => n === own[0]);
    if (same && own[0] === usual) return;
    words.push(`--${name} ${same ? own[0] : own.join(",")}`);
  };
  flag("stride", settings.stride, 1);
  if (settings.padding === "valid") words.push("--padding valid");
  if (settings.padding === "own") {
    const { before, after } = settings.own;
    const sides = before.map((n, axis) => `${n}:${after[axis]}`);
    words.push(`--padding ${sides.slice(3 - dims).join(",")}`);
  }
  if (Array.isArray(settings.padding)) flag("padding", settings.padding, null);
  if (settings.mode !== USUAL_MODES[medium]) words.push(`--padding-mode ${settings.mode}`);
  flag("dilation", settings.dilation, 1);
  if (settings.align === "causal" && dims === 1) words.push("--align causal");
  const own = medium === "audio" ? "clamp" : usualRule(settings.weights);
  const usual = settings.preset ? settings.presetRule : own;
  if (settings.rule !== usual) words.push(`--normalize ${settings.rule}`);
  return words.join(" ");
}

/** Return a kernel as a file. */
export function yamlText(settings, { dims }) {
  const rows = (lists, indent) => lists.map((row) => `${indent}- [${row.join(", ")}]`).join("\n");
  const lists = nested(settings, dims);
  const weights = {
    1: () => ` [${lists.join(", ")}]`,
    2: () => `\n${rows(lists, "    ")}`,
    3: () => `\n${lists.map((plane) => `    -\n${rows(plane, "      ")}`).join("\n")}`,
  }[dims]();
  const bias = settings.bias ? `bias: ${settings.bias}\n` : "";
  return "name: edited\nsummary: edited in a report\nsource: edited by hand\n" +
    `normalize: ${settings.rule}\n${bias}weights:\n  ${dims}:${weights}\n`;
}

/**
 * Return the lines of PyTorch that make the layer.
 * @param {import("./edited.js").Settings} settings
 * @param {{dims: number}} run
 * @param {number} channels
 * @param {{before: number[], after: number[]}} pads
 */
export function pytorchText(settings, { dims }, channels, pads) {
  const own = (numbers) => {
    const some = numbers.slice(3 - dims);
    return `(${some.join(", ")}${some.length === 1 ? "," : ""})`;
  };
  const even = pads.before.every((n, axis) => n === pads.after[axis]);
  const words = [channels, channels, `kernel_size=${own(settings.kernel)}`];
  if (settings.stride.some((n) => n !== 1)) words.push(`stride=${own(settings.stride)}`);
  const plain = OWN_MODES.includes(settings.mode);
  const inside = plain && even;
  if (inside && pads.before.some((n) => n)) words.push(`padding=${own(pads.before)}`);
  if (settings.dilation.some((n) => n !== 1)) words.push(`dilation=${own(settings.dilation)}`);
  if (channels > 1) words.push(`groups=${channels}`);
  if (!settings.bias) words.push("bias=False");
  if (plain && settings.mode !== "zeros") words.push(`padding_mode="${settings.mode}"`);
  const lists = JSON.stringify(nested(settings, dims)).replaceAll(",", ", ");
  const lines = ["import torch", "from torch import nn", "",
    `layer = nn.Conv${dims}d(${words.join(", ")})`, "with torch.no_grad():",
    `    layer.weight[:] = torch.tensor(${lists})`];
  if (settings.bias) lines.push(`    layer.bias.fill_(${settings.bias})`);
  if (!inside) {
    const [first, ...others] = padLines(settings.mode, pads, dims);
    if (first) lines.push(`# before the layer: ${first}`, ...others.map((line) => `# ${line}`));
  }
  return lines.join("\n");
}

/** Return the lines of PyTorch that add padding, axis by axis where the axes differ. */
function padLines(text, pads, dims) {
  const modes = modesOf(text).slice(3 - dims);
  const sides = modes.map((_, axis) => [pads.before, pads.after].map((n) => n[axis + 3 - dims]));
  const alike = modes.every((mode) => mode === modes[0] && mode !== "symmetric");
  if (alike) return sides.flat().some((n) => n) ? [padLine(sides, modes[0])] : [];
  return modes.flatMap((mode, axis) => {
    const [before, after] = sides[axis];
    if (!before && !after) return [];
    if (mode !== "symmetric") {
      return [padLine(sides.map((each, other) => (other === axis ? each : [0, 0])), mode)];
    }
    const size = `x.shape[${axis + 2}]`;
    return [`at = torch.arange(-${before}, ${size} + ${after}) % (2 * ${size})`,
      `x = x.index_select(${axis + 2}, torch.minimum(at, 2 * ${size} - 1 - at))`];
  });
}

function padLine(sides, mode) {
  const constant = constantOf(mode);
  const name = constant === undefined ? mode : "constant";
  const value = constant ? `, value=${constant}` : "";
  return `x = nn.functional.pad(x, [${[...sides].reverse().flat().join(", ")}], ` +
    `mode="${name}"${value})`;
}
