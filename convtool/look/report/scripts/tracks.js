import { makeSvg } from "./dom.js";
import { text, timeText } from "./numbers.js";

/** Units of a waveform's drawing over time; from zero to the largest amplitude. */
const WIDE = 10000;
const HIGH = 1000;
/** Samples up to which each is drawn as a dot. */
const DOTS = 128;

/**
 * Draw the waveforms and the spectrograms of one channel before and one after.
 * @param {HTMLElement} root with a figure for each
 * @param {object} facts of the section on audio
 * @param {{before: number, after: number}} drawn which channel of each side
 */
export function drawTracks(root, facts, drawn) {
  for (const figure of root.querySelectorAll("figure")) {
    const { kind, side } = figure.dataset;
    const track = facts[side][drawn[side]];
    const [caption, ticks, plot] = figure.children;
    const name = `${side === "before" ? "Before" : "After"} · ${track.title}`;
    const peak = `peak ${text(track.peak, 3)}${track.full ? ", at full scale" : ""}`;
    const more = kind === "wave" ? peak : "spectrogram";
    caption.replaceChildren(name, " ", Object.assign(document.createElement("span"),
      { className: "muted", textContent: more }));
    const drawing = kind === "wave" ? waveOf(track, facts) : spectrogramOf(track, facts);
    drawing.setAttribute(kind === "wave" ? "aria-label" : "alt", `${name}: ${kind === "wave"
      ? `waveform, ${timeText(track.seconds, track.seconds)}, ${more}` : "spectrogram"}`);
    plot.replaceChildren(drawing);
    ticks.replaceChildren(...(kind === "wave" ? amplitudes(facts) : frequencies(facts)));
  }
}

function waveOf(track, facts) {
  const { seconds } = facts;
  const across = (second) => Math.round((WIDE * second) / seconds);
  const up = (number) => Math.round(HIGH * (1 - number / 1000 / facts.peak));
  const begin = (index) => across(Math.min(track.seconds, (index * track.samples) / track.rate));
  const { lows, highs } = track;
  const single = track.samples === 1;
  const dotted = single && highs.length <= DOTS;
  const svg = makeSvg("svg", {
    viewBox: `0 0 ${WIDE} ${2 * HIGH}`,
    preserveAspectRatio: "none",
    role: "img",
    class: dotted ? "dots" : "wave",
  });
  let path = "";
  if (dotted) {
    for (const [index, high] of highs.entries()) {
      path += `M${begin(index)} ${HIGH}V${up(high)}h0`;
    }
  } else if (single) {
    path = highs.map((high, index) => `${index ? "L" : "M"}${begin(index)} ${up(high)}`).join("");
  } else {
    highs.forEach((high, index) => {
      path += `${index ? "V" : "M0 "}${up(high)}H${begin(index + 1)}`;
    });
    for (let index = lows.length - 1; index >= 0; index--) {
      path += `V${up(lows[index])}H${begin(index)}`;
    }
    path += "Z";
  }
  svg.append(
    makeSvg("path", { class: "zero", d: `M0 ${HIGH}H${WIDE}` }),
    makeSvg("path", { class: single ? "line" : "line filled", d: path }),
  );
  return svg;
}

function spectrogramOf(track, { seconds }) {
  const image = new Image();
  const [from, to] = track.spectrogramSeconds;
  image.src = track.spectrogram;
  image.style.left = `${(100 * from) / seconds}%`;
  image.style.height = `${100 * track.spectrogramShare}%`;
  image.style.width = `${(100 * (to - from)) / seconds}%`;
  return image;
}

function amplitudes({ peak }) {
  const top = niceBelow(peak);
  return [top, 0, -top].map((value) => tickAt(text(value, 3), 0.5 + value / peak / 2));
}

function frequencies({ ticks, highest }) {
  const named = ticks.filter(({ share }) => share < 0.86);
  return [...named, { name: highest, share: 1 }].map(({ name, share }) => tickAt(name, share));
}

function tickAt(name, share) {
  const tick = document.createElement("span");
  tick.textContent = name;
  tick.style.bottom = `${100 * share}%`;
  return tick;
}

/** Return the largest of 1, 2 and 5 times a power of ten that is not above a number. */
export function niceBelow(number) {
  const ten = 10 ** Math.floor(Math.log10(number));
  return [5, 2, 1].find((each) => each * ten <= number * (1 + 1e-9)) * ten;
}

/** Write the seconds below the tracks, as many as there is room for. */
export function drawTimes(element, seconds) {
  const count = Math.max(2, Math.floor(element.clientWidth / 90));
  const least = seconds / count;
  const step = niceBelow(least) * (least > niceBelow(least) * 1.01 ? 2 : 1);
  const ticks = [];
  for (let index = 0; index * step <= seconds * (1 + 1e-9); index++) {
    const tick = document.createElement("span");
    tick.textContent = timeText(index * step, seconds);
    tick.style.left = `${(100 * index * step) / seconds}%`;
    if (index * step > seconds * 0.94) tick.className = "last";
    ticks.push(tick);
  }
  element.replaceChildren(...ticks);
}
