import { indexOf } from "./geometry.js";

const made = new WeakMap();

/**
 * Return the samples of one frame of a side as a picture, a pixel per sample.
 * @param {import("./sides.js").Side} side
 * @returns {HTMLCanvasElement}
 */
export function bitmapOf(side) {
  const key = `${side.channels}/${side.frame}/${side.range}`;
  const known = made.get(side.samples) ?? new Map();
  made.set(side.samples, known);
  if (!known.has(key)) {
    if (known.size > 16) known.clear();
    known.set(key, drawn(side));
  }
  return known.get(key);
}

function drawn({ samples, channels, frame, range: [low, high], scale }) {
  const [, , height, width] = samples.shape;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const times = 255 / (scale * (high - low));
  const three = channels.length === 3 ? channels : Array(3).fill(channels[0]);
  three.forEach((channel, colour) => {
    const first = indexOf(samples.shape, channel, [frame, 0, 0]);
    for (let n = 0; n < width * height; n += 1) {
      image.data[4 * n + colour] = (samples.values[first + n] - low * scale) * times;
    }
  });
  for (let n = 3; n < image.data.length; n += 4) image.data[n] = 255;
  context.putImageData(image, 0, 0);
  return canvas;
}
