import { text } from "./numbers.js";
import { colour } from "./theme.js";
import { screenOf } from "./viewport.js";

/** Screen pixels per sample from which each is a bar, and from which it has its number. */
const BARS = 5;
const NUMBERS = 44;

/**
 * Draw one side of audio: a lane per channel, samples from left to right.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./viewport.js").Viewport} view
 * @param {import("./sides.js").Side} side
 * @param {{input: number[], start: number[], hidden: ((y: number, x: number) => boolean) | null}}
 *   more
 * @returns {{screen: object, boxOf: (place: number[], each: number[]) => number[]}} `boxOf` gives
 *   the place of a sample of the selected channel
 */
export function drawStrip(canvas, view, side, more) {
  const screen = screenOf(canvas, view);
  const count = side.samples.shape[0];
  const lane = screen.height / count;
  markPadding(screen, side, more);
  for (let channel = 0; channel < count; channel += 1) {
    drawLane(screen, side, channel, channel * lane, lane, more.hidden);
  }
  const boxOf = (place, each) =>
    [screen.left(place[2]), side.channel * lane + 4, each[2] * screen.zoom, lane - 8];
  return { screen, boxOf };
}

/** Mark the samples that padding adds. */
function markPadding({ context, left, height }, side, { input, start }) {
  if (side.name !== "input") return;
  const ends = [side.begin[2], side.begin[2] + side.samples.shape[3]];
  context.fillStyle = colour("padded");
  context.globalAlpha = 0.25;
  for (const [from, to] of [[ends[0], start[2]], [start[2] + input[2], ends[1]]]) {
    if (to > from) context.fillRect(left(from), 0, left(to) - left(from), height);
  }
  context.globalAlpha = 1;
}

function drawLane(screen, side, channel, top, height, hidden) {
  const { context, width, zoom } = screen;
  const length = side.samples.shape[3];
  const [low, high] = side.range;
  const levelOf = (value) => top + height * (1 - (value / side.scale - low) / (high - low));
  const zero = levelOf(Math.max(low * side.scale, 0));
  const wide = side.each[2] * zoom;
  const first = Math.max(0, Math.floor(-screen.left(side.begin[2]) / wide));
  const last = Math.min(length, Math.ceil((width - screen.left(side.begin[2])) / wide) + 1);
  const at = (x) => side.samples.values[channel * length + x];
  context.fillStyle = colour("line");
  context.fillRect(0, zero, width, 1);
  context.fillStyle = colour(channel === side.channel ? "ink" : "muted");
  if (wide < 1) {
    drawEnvelope(screen, side, at, levelOf, first, last);
    return;
  }
  for (let x = first; x < last; x += 1) {
    if (hidden?.(0, x)) continue;
    const left = screen.left(side.begin[2] + x * side.each[2]);
    const level = levelOf(at(x));
    const gap = wide >= BARS ? wide * 0.25 : 0;
    context.fillRect(left + gap, Math.min(zero, level), Math.max(1, wide - 2 * gap),
      Math.max(1.5, Math.abs(level - zero)));
    if (wide >= NUMBERS && channel === side.channel) {
      context.font = "12px system-ui, sans-serif";
      context.textAlign = "center";
      const below = level > zero ? 14 : -6;
      const place = Math.min(top + height - 4, Math.max(top + 12, level + below));
      context.fillText(text(at(x), 4), left + wide / 2, place, wide);
    }
  }
}

/** Draw for each column of the screen all that lies in it, so that peaks stay. */
function drawEnvelope(screen, side, at, levelOf, first, last) {
  const { context, zoom } = screen;
  const each = 1 / (side.each[2] * zoom);
  for (let from = first; from < last; from += each) {
    let [low, high] = [Infinity, -Infinity];
    for (let x = Math.floor(from); x < Math.min(last, from + each); x += 1) {
      low = Math.min(low, at(x));
      high = Math.max(high, at(x));
    }
    const top = levelOf(high);
    const left = screen.left(side.begin[2] + from * side.each[2]);
    context.fillRect(left, top, 1, Math.max(1, levelOf(low) - top));
  }
}
