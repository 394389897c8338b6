import { perFrame } from "./dom.js";
import { counted, text } from "./numbers.js";
import { centreOf, outputAt } from "./selection.js";
import { Sound } from "./sound.js";
import { drawTimes, drawTracks } from "./tracks.js";

/** Make the section on audio interactive. */
export function mountAudio(section, facts, page) {
  const part = (name) => section.querySelector(`#audio-${name}`);
  const timeline = part("timeline");
  const drawn = { before: 0, after: 0 };
  const { region, layer } = page.original;
  const rates = { before: facts.before[0].rate, after: facts.after[0].rate };
  const share = (second) => `${(100 * second) / facts.seconds}%`;

  const digits = facts.seconds < 1 ? 4 : 2;

  const tell = () => {
    const { time } = sound;
    part("cursor").style.left = share(time);
    timeline.setAttribute("aria-valuenow", time.toFixed(3));
    const told = `${time.toFixed(digits)} s of ${facts.seconds.toFixed(digits)} s`;
    timeline.setAttribute("aria-valuetext", told);
    part("time").textContent = told;
  };
  const follow = () => {
    if (!sound.playing) return;
    tell();
    if (sound.time >= sound.seconds) sound.pause();
    requestAnimationFrame(follow);
  };
  const sound = new Sound(facts.clips, () => {
    part("play").textContent = sound.playing ? "Pause" : "Play";
    tell();
    follow();
  });

  const hear = (side) => {
    sound.choose(side);
    part("hear-before").setAttribute("aria-pressed", String(side === 0));
    part("hear-after").setAttribute("aria-pressed", String(side === 1));
  };
  const toggle = async () => {
    if (sound.playing) return sound.pause();
    part("play").textContent = "Decoding…";
    try {
      await sound.play();
    } catch (error) {
      part("play").textContent = "Play";
      part("pointed").textContent = `This browser cannot play it: ${error.message}`;
    }
  };
  const go = async (second) => {
    await sound.seek(Math.min(facts.seconds, Math.max(0, second)));
    tell();
  };

  /** Show the sample at a second in the stage, if the page holds it. */
  const point = (second, side) => {
    const { stride, before, extent } = layer;
    const sample = Math.floor(second * rates[side] + 1e-6);
    const output = side === "after" ? sample
      : Math.round((sample + before[0] - (extent[0] - 1) / 2) / stride[0]);
    const { channel } = facts.after[drawn.after];
    const isHeld = channel < page.original.mappings.length
      && output >= region.origin[0] && output < region.origin[0] + region.size[0];
    const what = side === "after" ? `Sample ${counted(output)} of the result`
      : `Sample ${counted(sample)} of the input`;
    part("pointed").textContent = isHeld
      ? `${what}, at ${text(second, 6)} s, is worked out in the stage.`
      : `${what}, at ${text(second, 6)} s: the page holds every sample only in the marked span.`;
    const place = centreOf(page.original, [output]);
    if (isHeld) page.select(channel, outputAt(page.run, place));
  };

  timeline.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const frame = timeline.getBoundingClientRect();
    const second = ((event.clientX - frame.left) / frame.width) * facts.seconds;
    go(second);
    point(second, sideUnder(section, event.clientY));
  });
  timeline.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    const small = event.shiftKey ? 1 / rates.after : facts.seconds / 100;
    const moves = { arrowleft: -small, arrowdown: -small, arrowright: small, arrowup: small,
      pageup: facts.seconds / 10, pagedown: -facts.seconds / 10,
      home: -Infinity, end: Infinity };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key in moves) go(sound.time + moves[key]);
    else if (key === " ") toggle();
    else if (key === "b") hear(1 - sound.side);
    else if (key === "enter") point(sound.time, "after");
    else return;
    event.preventDefault();
  });
  part("play").addEventListener("click", toggle);
  part("hear-before").addEventListener("click", () => hear(0));
  part("hear-after").addEventListener("click", () => hear(1));

  for (const side of ["before", "after"]) {
    part(`${side}-track`)?.addEventListener("change", (event) => {
      drawn[side] = Number(event.target.value);
      drawTracks(section, facts, drawn);
    });
  }
  const held = part("held");
  held.hidden = region.whole;
  part("there").hidden = part("bounds").hidden = region.whole;
  part("there").addEventListener("click", () => {
    const second = (region.origin[0] + region.size[0] / 2) / rates.after;
    go(second);
    point(second, "after");
  });
  held.style.left = share(region.origin[0] / rates.after);
  held.style.width = share(region.size[0] / rates.after);
  const mark = () => {
    part("chosen").style.left = share((page.selected.position[0] + 0.5) / rates.after);
  };
  page.onSelect(mark);
  mark();

  const times = section.querySelector(".times");
  new ResizeObserver(perFrame(() => drawTimes(times, facts.seconds))).observe(times);
  drawTracks(section, facts, drawn);
  tell();
  section.sound = sound; // for tests
}

/** Return the side whose panel is at a height of the window. */
function sideUnder(section, y) {
  const figures = [...section.querySelectorAll("figure.track")];
  const under = figures.find((figure) => figure.getBoundingClientRect().bottom >= y);
  return (under ?? figures.at(-1)).dataset.side;
}
