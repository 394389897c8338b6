import { showCode } from "./code.js";
import { make } from "./dom.js";
import { axesOf, placeName, resultName, sizeName } from "./names.js";
import { makeStage, revealSelected, zoomToWindow } from "./stage.js";
import { centreOf } from "./selection.js";
import { makeStepper } from "./stepper.js";
import { showSum, summary } from "./sum.js";
import { rangeText } from "./units.js";
import { mountFrames } from "./window_frames.js";

const QUIET = 250;  // milliseconds until a screen reader is told of a new place

/** Make the stage: both pictures, the step controls, and the sum. */
export function mountStage(section, facts, page) {
  const find = (id) => section.querySelector(`#stage-${id}`);
  const unit = find("unit");
  const sides = ["input", "output"].map((name) => ({ name, canvas: find(name) }));
  const stepper = makeStepper(page, (box) => show(box), () => { redraw(); tellStep(); });
  const { view, redraw } = makeStage(sides, page, stepper.hidden);

  mountFrames(find("frames"), page, view, sides[0].canvas);
  fillUnits(unit, page.run);
  const channels = find("channel");
  const fields = axisFields(find("axes"), page);
  const tell = later((text) => { find("live").textContent = text; });
  const update = () => {
    const worked = showSum(find("sum"), page, () => unit.value);
    fields();
    channels.value = String(page.selected.channel);
    find("edited").hidden = !page.run.edited;
    find("input-size").textContent = sizeName(page.run.dims, page.run.geometry.input);
    find("output-size").textContent = sizeName(page.run.dims, page.run.outputSize);
    const { channel, position } = page.selected;
    const place = placeName(page.run, position);
    find("where").textContent = `${resultName(page.run, channel)}, ${place}`;
    tell(summary(page, worked, unit.value));
    if (facts.explain) {
      find("terminal").hidden = page.run.edited;
      showCode(find("explain"), explainText(facts.explain, page.selected));
    }
  };
  fillChannels(channels, page);
  page.onShow(() => fillChannels(channels, page));
  page.onSelect(update);
  unit.addEventListener("change", update);
  channels.addEventListener("change", () =>
    page.select(Number(channels.value), page.selected.position));

  const zoom = (factor) => () => {
    revealSelected(page, view, sides);
    view.zoomAt(factor, view.x, view.y);
  };
  find("closer").addEventListener("click", zoom(1.5));
  find("farther").addEventListener("click", zoom(1 / 1.5));
  find("fit").addEventListener("click", () => view.fit());
  find("window").addEventListener("click", () => zoomToWindow(page, view, sides[0].canvas));

  const play = find("play");
  play.addEventListener("click", () => stepper.toggle());
  find("forward").addEventListener("click", () => stepper.step(1));
  find("back").addEventListener("click", () => stepper.step(-1));
  find("stop").addEventListener("click", () => stepper.stop());
  find("speed").addEventListener("input", (event) =>
    stepper.setSpeed(2 ** Number(event.target.value)));

  function tellStep() {
    const progress = stepper.progress();
    play.textContent = stepper.playing() ? "Pause" : "Play";
    find("progress").textContent = progress ? `output ${progress.done} of ${progress.of}` : "";
    find("stop").disabled = !progress;
  }
  function show({ origin, size }) {
    const middle = origin.map((first, axis) => first + (size[axis] - 1) / 2);
    const [, y, x] = centreOf(page.run, middle.slice(3 - page.run.dims));
    const { clientWidth: width, clientHeight: height } = sides[0].canvas;
    const wide = (size[2] + 4) * page.run.geometry.stride[2];
    const high = (size[1] + 4) * page.run.geometry.stride[1];
    const closest = page.run.dims === 1 ? width / wide : Math.min(width / wide, height / high);
    view.move(x, page.run.dims === 1 ? 0 : y, closest);
  }
  tellStep();
  update();
}

/** Return the command that explains the selected element. */
function explainText(command, { channel, position }) {
  return `${command} --at ${position.join(",")}${channel ? ` --channel ${channel}` : ""}`;
}

/** Return a function that waits until it is not called any more, then calls another. */
function later(call) {
  let timer = null;
  return (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(text), QUIET);
  };
}

function fillUnits(select, { levels }) {
  const choices = [["stored", `as stored, ${rangeText(levels)}`]];
  if (levels.scale !== 1) choices.push(["one", `as tensors, ${levels.signed ? "−1" : "0"}…1`]);
  select.replaceChildren(...choices.map(([value, text]) => make("option", { value }, text)));
  select.parentElement.hidden = choices.length === 1;
}

function fillChannels(select, { run, selected }) {
  const options = run.mappings.map((_, channel) =>
    make("option", { value: String(channel) }, resultName(run, channel)));
  select.replaceChildren(...options);
  select.value = String(selected.channel);
}

/** Make a number field for each axis, and return what shows the selected position in them. */
function axisFields(root, page) {
  const fields = axesOf(page.run.dims).map((name, axis) => {
    const field = make("input", {
      type: "number", id: `stage-${name}`, class: "number",
      change: () => {
        const position = [...page.selected.position];
        position[axis] = Number(field.value);
        page.select(page.selected.channel, position);
      },
    });
    const label = make("label", { for: field.id }, `Output ${name}`);
    root.append(make("div", { class: "field" }, label, field));
    return field;
  });
  return () => fields.forEach((field, axis) => {
    const { origin, size } = page.run.region;
    field.min = origin[axis];
    field.max = origin[axis] + size[axis] - 1;
    field.value = page.selected.position[axis];
  });
}
