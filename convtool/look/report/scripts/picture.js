import { bitmapOf } from "./bitmap.js";
import { indexOf } from "./geometry.js";
import { text } from "./numbers.js";
import { colour } from "./theme.js";
import { screenOf } from "./viewport.js";

/** The luminance from which black text is read better than white text. */
const LIGHT = 0.18;

/** Screen pixels per sample from which cells have lines, and from which they have numbers. */
const LINES = 10;
const NUMBERS = 34;

/**
 * Draw one side of an image, or of a frame.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./viewport.js").Viewport} view
 * @param {import("./sides.js").Side} side
 * @param {{overview: HTMLImageElement | null, input: number[], start: number[],
 *   whole: number[], hidden: ((y: number, x: number) => boolean) | null}} more `overview` is a
 *   picture of all of the side, `hidden` says which samples are not drawn yet
 */
export function drawPicture(canvas, view, side, more) {
  const screen = screenOf(canvas, view);
  const { context, box, zoom } = screen;
  const [, , height, width] = side.samples.shape;
  const [, top, left] = side.begin;
  const [, high, wide] = side.each;
  if (more.overview) drawOverview(screen, side, more);
  context.imageSmoothingEnabled = zoom * wide < 1;
  context.drawImage(bitmapOf(side), ...box(left, top, width * wide, height * high));
  if (side.name === "input") markPadding(screen, side, more);
  if (more.overview || side.name === "input") frameHeld(screen, side);
  if (more.hidden) hide(screen, side, more.hidden);
  if (zoom * Math.min(wide, high) >= LINES) drawCells(screen, side, more.hidden);
  return screen;
}

/** Draw a picture of the whole side, paler than what is exact. */
function drawOverview({ context, box }, side, { overview, whole }) {
  context.globalAlpha = 0.55;
  context.imageSmoothingEnabled = true;
  context.drawImage(overview, ...box(...whole));
  context.globalAlpha = 1;
}

/** Mark the samples that padding adds: stripes over them. */
function markPadding({ context, box }, side, { input, start }) {
  const [, , height, width] = side.samples.shape;
  const [, top, left] = side.begin;
  const region = new Path2D();
  region.rect(...box(left, top, width, height));
  context.save();
  context.clip(region);
  context.clip(outside(context, box(start[2], start[1], input[2], input[1])), "evenodd");
  context.fillStyle = stripes(context);
  context.fill(region);
  context.restore();
}

/** Return all of a canvas but a box, by the even-odd rule. */
function outside({ canvas }, box) {
  const path = new Path2D();
  path.rect(-10, -10, canvas.width + 20, canvas.height + 20);
  path.rect(...box);
  return path;
}

function stripes(context) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const drawing = tile.getContext("2d");
  drawing.strokeStyle = colour("padded");
  drawing.globalAlpha = 0.75;
  drawing.lineWidth = 2;
  drawing.beginPath();
  for (const at of [-8, 0, 8]) {
    drawing.moveTo(at - 1, 9);
    drawing.lineTo(at + 9, -1);
  }
  drawing.stroke();
  return context.createPattern(tile, "repeat");
}

function frameHeld({ context, box }, side) {
  const [, , height, width] = side.samples.shape;
  const [, top, left] = side.begin;
  context.strokeStyle = colour("muted");
  context.lineWidth = 1;
  context.setLineDash([5, 4]);
  context.strokeRect(...box(left, top, width * side.each[2], height * side.each[1]));
  context.setLineDash([]);
}

/** Call a function with each sample that is on the screen: its row, its column, and its box. */
function forSeen({ box, left, top, width, height, zoom }, side, call) {
  const [, , rows, columns] = side.samples.shape;
  const [, y0, x0] = side.begin;
  const [, high, wide] = side.each;
  const firstRow = Math.max(0, Math.floor(-top(y0) / (high * zoom)));
  const firstColumn = Math.max(0, Math.floor(-left(x0) / (wide * zoom)));
  const lastRow = Math.min(rows, Math.ceil((height - top(y0)) / (high * zoom)));
  const lastColumn = Math.min(columns, Math.ceil((width - left(x0)) / (wide * zoom)));
  for (let y = firstRow; y < lastRow; y += 1) {
    for (let x = firstColumn; x < lastColumn; x += 1) {
      call(y, x, box(x0 + x * wide, y0 + y * high, wide, high));
    }
  }
}

function hide(screen, side, hidden) {
  const { context } = screen;
  context.fillStyle = colour("panel");
  forSeen(screen, side, (y, x, [left, top, width, height]) => {
    if (hidden(y, x)) context.fillRect(left - 0.5, top - 0.5, width + 1, height + 1);
  });
}

/** Draw the lines between samples, and their numbers where there is room. */
function drawCells(screen, side, hidden) {
  const { context, zoom } = screen;
  const room = zoom * Math.min(side.each[1], side.each[2]) >= NUMBERS;
  const [low, high] = side.range;
  context.lineWidth = 1;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = `${Math.min(15, zoom * side.each[2] * 0.3)}px system-ui, sans-serif`;
  forSeen(screen, side, (y, x, cell) => {
    context.strokeStyle = "rgb(128 128 128 / 0.35)";
    context.strokeRect(...cell);
    if (!room || hidden?.(y, x)) return;
    const place = indexOf(side.samples.shape, side.channel, [side.frame, y, x]);
    const number = side.samples.values[place];
    const light = luminance(side, y, x, low, high) > LIGHT;
    context.fillStyle = light ? "#000" : "#fff";
    const [left, top, width, height] = cell;
    context.fillText(text(number, 3), left + width / 2, top + height / 2, width - 4);
  });
}

/** Return the relative luminance of a sample as it is drawn, from 0 to 1, as WCAG has it. */
function luminance({ samples, channels, frame, scale }, y, x, low, high) {
  const shares = channels.length === 3 ? [0.2126, 0.7152, 0.0722] : [1];
  return channels.reduce((all, channel, n) => {
    const value = samples.values[indexOf(samples.shape, channel, [frame, y, x])] / scale;
    const level = Math.min(1, Math.max(0, (value - low) / (high - low)));
    return all + shares[n] * level ** 2.2;
  }, 0);
}
