/**
 * The two sides of a stage, drawn alike: samples that are held, where they lie on the input, and
 * how large each is there.
 *
 * @typedef {object} Side
 * @property {string} name input or output
 * @property {{shape: number[], values: ArrayLike<number>}} samples that are held
 * @property {number[]} begin where the first of them begins, on the whole input
 * @property {number[]} each how much of the input each covers, per axis
 * @property {number[]} channels that are drawn: one in grey, or three in colour
 * @property {number} channel the one whose numbers are shown
 * @property {number[]} range the numbers that are black and white, where 1 is 1
 * @property {number} scale the stored number that stands for 1
 * @property {number} frame the one that is drawn
 */

/**
 * Return one side of a stage.
 * @param {string} name input or output
 * @param {import("./selection.js").Page} page
 * @returns {Side}
 */
export function sideOf(name, page) {
  return name === "input" ? inputSide(page) : outputSide(page);
}

function inputSide({ run, selected }) {
  const { geometry } = run;
  const channel = firstInput(run, selected.channel);
  const spot = [...Array(3 - run.dims).fill(0), ...selected.position];
  const first = (spot[0] - geometry.origin[0]) * geometry.stride[0];
  return {
    name: "input",
    samples: run.padded,
    begin: geometry.origin.map((place, axis) =>
      geometry.start[axis] + place * geometry.stride[axis] - geometry.before[axis]),
    each: [1, 1, 1],
    channels: run.inputs.length >= 3 && run.dims > 1 ? [0, 1, 2] : [channel],
    channel,
    range: run.shown,
    scale: run.levels.scale,
    frame: first + ((geometry.extent[0] - 1) >> 1),
  };
}

function outputSide({ run, selected }) {
  const { geometry } = run;
  const { stride, before, extent, start, origin } = geometry;
  const output = run.outputs.find(({ channels }) => channels.includes(selected.channel));
  const colours = output.natural && output.channels.length === 3 && run.dims > 1;
  return {
    name: "output",
    samples: run.stored,
    begin: origin.map((place, axis) =>
      start[axis] + (place - 0.5) * stride[axis] - before[axis] + extent[axis] / 2),
    each: stride,
    channels: colours ? output.channels : [selected.channel],
    channel: selected.channel,
    range: run.storedShown,
    scale: run.storedLevels.scale,
    frame: selected.position.length === 3 ? selected.position[0] - origin[0] : 0,
  };
}

/** Return the first input channel that a channel of the result sees. */
function firstInput({ layer, outputs, inputs }, channel) {
  const output = outputs.find(({ channels }) => channels.includes(channel));
  if (output.natural) return output.channels.indexOf(channel) % inputs.length;
  const results = outputs.flatMap((each) => each.channels).length;
  const group = Math.floor((channel * layer.groups) / results);
  return group * layer.weight.shape[1];
}
