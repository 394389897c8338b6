import { make, perFrame } from "./dom.js";
import { makeCells, readNumber } from "./cells.js";
import { showCode } from "./code.js";
import { cropOf, editedRun, padsOf, problemOf } from "./edited.js";
import { makeFields } from "./editor_fields.js";
import { makeHistory } from "./history.js";
import { kernelsOf } from "./kernels.js";
import { usualRule } from "./measure.js";
import { placeName } from "./names.js";
import { counted } from "./numbers.js";
import { firstSettings, ofPreset, resized } from "./settings.js";
import { makeStage } from "./stage.js";
import { commandText, needsFile, pytorchText, yamlText } from "./texts.js";

/**
 * Let people edit the kernel and how it moves; the page shows what becomes of it at once.
 * @param {HTMLElement} section
 * @param {{presets: object[]}} facts
 * @param {import("./selection.js").Page} page
 */
export function mountEditor(section, { presets }, page) {
  const find = (id) => section.querySelector(`#editor-${id}`);
  const { original } = page;
  const crop = cropOf(original);
  const kernels = kernelsOf(original).length;
  find("first").textContent = `The layer has ${counted(kernels)} kernels. Here is the first of ` +
    "the selected channel; once you change it, it filters each channel alone. Until then, the " +
    "result is that of the whole layer, and what can be copied is this kernel.";
  const history = makeHistory(firstSettings(page), () => update());
  const change = (more) => {
    const kept = "weights" in more || "bias" in more ? "" : history.now().preset;
    history.add({ ...history.now(), untouched: false, preset: kept, ...more });
  };
  const reweigh = (weights) => {
    const automatic = history.now().rule === usualOf(history.now().weights, original);
    const rule = automatic ? usualOf(weights, original) : history.now().rule;
    change({ weights, rule });
  };
  const cells = makeCells(find("cells"), original.dims, reweigh);
  const fields = makeFields(find("fields"), original, {
    change,
    resize: (kernel) => change(resized(history.now(), kernel)),
  });
  fillPresets(find("preset"), presets, (preset) =>
    change(ofPreset(preset, history.now(), original)));
  find("bias").addEventListener("change", (event) => {
    const bias = readNumber(event.target.value);
    if (bias === null) update();
    else change({ bias });
  });
  const { view, redraw } = makeStage(
    [{ name: "output", canvas: find("output") }], page, () => null);
  showCrop(view, crop, original, find("output"));
  find("undo").addEventListener("click", history.undo);
  find("redo").addEventListener("click", history.redo);
  find("reset").addEventListener("click", () => history.add(firstSettings(page)));
  find("format").addEventListener("change", () => tell());
  section.addEventListener("keydown", (event) => undoByKeys(event, history));
  let { channel } = page.selected;
  page.onSelect(() => {
    find("sum").textContent = lineOf(page);
    const other = page.selected.channel !== channel;
    channel = page.selected.channel;
    if (other && isOriginal()) history.replace(firstSettings(page));
  });
  const run = perFrame(() => {
    page.show(isOriginal() ? original : editedRun(original, crop, history.now()));
    redraw();
  });

  const isOriginal = () => history.now().untouched === true;
  function tell() {
    const settings = history.now();
    const pads = padsOf(settings, original.dims);
    const text = {
      command: () => commandText(settings, original),
      yaml: () => yamlText(settings, original),
      pytorch: () => pytorchText(settings, original, crop.samples.shape[0], pads),
    };
    showCode(find("text"), text[find("format").value]());
    find("file").hidden = find("format").value !== "command" || !needsFile(settings);
  }
  function update() {
    const settings = history.now();
    cells(settings);
    fields(settings);
    find("bias").value = String(settings.bias);
    find("preset").value = settings.preset ?? "";
    find("undo").disabled = !history.canUndo();
    find("redo").disabled = !history.canRedo();
    find("mark").hidden = isOriginal();
    find("first").hidden = !isOriginal() || kernels === 1;
    const size = crop.samples.shape.slice(1);
    const problem = isOriginal() ? "" : problemOf(settings, size, original.dims);
    find("problem").textContent = problem;
    tell();
    if (!problem) run();
  }
  update();
}

/** Return the rule of the tool for a kernel that states none. */
function usualOf(weights, { medium }) {
  return medium === "audio" ? "clamp" : usualRule(weights);
}

function fillPresets(select, presets, chosen) {
  const options = presets.map(({ name }) => make("option", { value: name }, name));
  select.append(make("option", { value: "" }, "—"), ...options);
  select.addEventListener("change", () => {
    const preset = presets.find(({ name }) => name === select.value);
    if (preset) chosen(preset);
  });
}

/** Show all of the samples that are held, and their padding. */
function showCrop(view, { samples, start }, { dims, geometry }, canvas) {
  const [, height, width] = samples.shape.slice(1).map((n, axis) =>
    n + geometry.before[axis] + geometry.after[axis]);
  const across = canvas.clientWidth / width;
  const zoom = dims === 1 ? across : Math.min(across, canvas.clientHeight / height);
  const [, y, x] = samples.shape.slice(1).map((n, axis) => start[axis] + n / 2);
  view.move(x, dims === 1 ? 0 : y, zoom * 0.98);
}

function undoByKeys(event, history) {
  const typing = event.target.matches("input[type=text]") && !event.target.readOnly;
  if (!(event.ctrlKey || event.metaKey) || typing) return;
  if (event.key === "z") history[event.shiftKey ? "redo" : "undo"]();
  else if (event.key === "y") history.redo();
  else return;
  event.preventDefault();
}

function lineOf(page) {
  return `Selected: ${placeName(page.run, page.selected.position)}. The stage shows its sum.`;
}
