import { make } from "./dom.js";

/** The most taps along an axis, by the number of axes. */
const MOST_TAPS = { 1: 15, 2: 9, 3: 5 };
const RULES = {
  clamp: "clamp: as they are, cut at the ends",
  centred: "centred: zero is mid-grey",
  minmax: "minmax: least to most",
  bounds: "bounds: all that is possible",
  sigmoid: "sigmoid: squeezed into the range",
  abs: "abs: without the sign",
};
const PADDINGS = {
  same: "same: output as large as input",
  valid: "valid: none",
  number: "a number",
};
const MODES = {
  zeros: "zeros",
  reflect: "reflect: as in a mirror",
  replicate: "replicate: the edge again",
  circular: "circular: from the other side",
  symmetric: "symmetric: mirrored with the edge",
};

/** What a number along each axis is called. */
const SIZES = { 1: ["length"], 2: ["height", "width"], 3: ["frames", "height", "width"] };

/**
 * Make the fields beside the weights, and return what shows settings in them.
 * @param {HTMLElement} root
 * @param {object} run the original
 * @param {{change: (more: object) => void, resize: (kernel: number[]) => void}} call
 */
export function makeFields(root, run, { change, resize }) {
  const { dims } = run;

  const size = perAxis("Kernel size", dims, 1, MOST_TAPS[dims], (kernel) => resize(kernel));
  const stride = perAxis("Stride", dims, 1, 64, (numbers) => change({ stride: numbers }));
  const dilation = perAxis("Dilation", dims, 1, 64, (numbers) => change({ dilation: numbers }));
  const padding = select("Padding", paddingsOf(run), (value) =>
    change({ padding: value === "number" ? lifted(Array(dims).fill(1)) : value }));
  const amount = perAxis("Samples added", dims, 0, 64, (numbers) => change({ padding: numbers }));
  const mode = select("Padding mode", modesOf(run), (value) => change({ mode: value }));
  const { centred: _, ...others } = RULES;
  const rules = run.mappings[0].centred ? others : RULES;
  const rule = select("Results shown by", rules, (value) => change({ rule: value }));
  const all = [size, stride, dilation, padding, amount, mode, rule];
  root.append(...all.map((each) => each.root));
  return (settings) => {
    const numbers = Array.isArray(settings.padding);
    size.show(settings.kernel);
    stride.show(settings.stride);
    dilation.show(settings.dilation);
    padding.show(numbers ? "number" : settings.padding);
    amount.root.hidden = !numbers;
    if (numbers) amount.show(settings.padding);
    mode.show(settings.mode);
    rule.show(settings.rule);
  };
}

/** Return the paddings to choose from; one that is not the same on both sides is one of them. */
function paddingsOf({ geometry: { before, after } }) {
  const even = before.every((n, axis) => n === after[axis]);
  return even ? PADDINGS : { ...PADDINGS, own: "as it ran" };
}

/** Return the padding modes to choose from; that of the run is one of them, whatever it is. */
function modesOf({ layer }) {
  return layer.mode in MODES ? MODES : { ...MODES, [layer.mode]: layer.mode };
}

function lifted(numbers) {
  return [...Array(3 - numbers.length).fill(0), ...numbers];
}

/** Make a number field per axis. */
function perAxis(title, dims, low, high, changed) {
  const fields = SIZES[dims].map((name) => make("input", {
    type: "number", class: "number short", min: low, max: high,
    "aria-label": dims === 1 ? title : `${title}, ${name}`, title: name,
    change: () => changed(read()),
  }));
  let shown = [1, 1, 1];
  const read = () => shown.map((before, axis) => {
    const field = fields[axis - (3 - dims)];
    const number = field && Math.round(Number(field.value));
    return field && Number.isFinite(number) ? Math.min(high, Math.max(low, number)) : before;
  });
  const root = make("fieldset", { class: "field" }, make("legend", {}, title),
    make("div", { class: "buttons" }, ...fields));
  return {
    root,
    show(numbers) {
      shown = [...numbers];
      fields.forEach((field, n) => { field.value = String(numbers[n + 3 - dims]); });
    },
  };
}

function select(title, values, changed) {
  const id = `editor-${title.toLowerCase().replaceAll(" ", "-")}`;
  const field = make("select", { id, change: () => changed(field.value) },
    ...Object.entries(values).map(([value, words]) => make("option", { value }, words)));
  return {
    root: make("div", { class: "field" }, make("label", { for: id }, title), field),
    show: (value) => { field.value = value; },
  };
}
