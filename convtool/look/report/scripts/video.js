import { make } from "./dom.js";
import { Films } from "./films.js";
import { centreOf, outputAt } from "./selection.js";

const SIDES = ["before", "after"];

/** Make the section on video interactive. */
export function mountVideo(section, facts, page) {
  const part = (name) => section.querySelector(`#video-${name}`);
  const { region, layer, size, outputSize } = page.original;
  const range = part("frame");

  const tell = () => {
    const frame = films.frameOf(0);
    const second = shareAt(facts.before.times, frame) * facts.seconds;
    const text = `frame ${frame} of ${facts.before.frames}, ${second.toFixed(2)} s`;
    range.value = String(frame);
    range.setAttribute("aria-valuetext", text);
    part("time").textContent = text;
    part("play").textContent = films.playing ? "Pause" : "Play";
    for (const [index, side] of SIDES.entries()) {
      const seen = films.frameOf(index);
      const cursor = section.querySelector(`[data-side="${side}"] .cursor`);
      cursor.style.left = `${100 * shareAt(facts[side].times, seen + 0.5)}%`;
      markHeld(part(`${side}-held`), side, seen);
    }
  };
  const films = new Films(
    SIDES.map(part), SIDES.map((side) => facts[side].clip), () => tell());

  /** Outline what the page holds exactly, where the frame that is seen has something of it. */
  const markHeld = (box, side, frame) => {
    const first = region.origin.map((place, axis) => side === "after" ? place
      : Math.max(0, place * layer.stride[axis] - layer.before[axis]));
    const whole = side === "after" ? outputSize : size;
    const count = region.size.map((n, axis) => side === "after" ? n
      : Math.min(whole[axis] - first[axis], (n - 1) * layer.stride[axis] + layer.extent[axis]));
    box.hidden = region.whole || frame < first[0] || frame >= first[0] + count[0];
    const [left, top, width, height] = side === "after" ? facts.tiles[0].box : [0, 0, 1, 1];
    box.style.left = `${100 * (left + (width * first[2]) / whole[2])}%`;
    box.style.top = `${100 * (top + (height * first[1]) / whole[1])}%`;
    box.style.width = `${(100 * width * count[2]) / whole[2]}%`;
    box.style.height = `${(100 * height * count[1]) / whole[1]}%`;
  };

  /** Show a sample of the result in the stage, if the page holds it. */
  const point = (channel, position) => {
    const { length } = page.original.mappings;
    const isHeld = channel < length && position.every((place, axis) =>
      place >= region.origin[axis] && place < region.origin[axis] + region.size[axis]);
    const [frame, y, x] = position;
    const { origin, size: count } = region;
    part("pointed").textContent = `Frame ${frame}, row ${y}, column ${x} of the result ${isHeld
      ? "is worked out in the stage."
      : "is not held exactly: the page has "
        + `${spanOf("frames", origin[0], count[0])}, ${spanOf("rows", origin[1], count[1])} and `
        + `${spanOf("columns", origin[2], count[2])}.`}`;
    if (!isHeld) return;
    page.select(channel, outputAt(page.run, centreOf(page.original, position)));
  };
  /** Return the output whose window has its centre nearest to an input position. */
  const outputNear = (place) => place.map((at, axis) => {
    const middle = (layer.extent[axis] - 1) / 2 - layer.before[axis];
    const near = Math.round((at - middle) / layer.stride[axis]);
    return Math.min(outputSize[axis] - 1, Math.max(0, near));
  });

  part("before").addEventListener("click", (event) => {
    const [across, down] = shares(event);
    const place = [films.frameOf(0), Math.floor(down * size[1]), Math.floor(across * size[2])];
    point(page.selected.channel, outputNear(place));
  });
  part("after").addEventListener("click", (event) => {
    const [across, down] = shares(event);
    for (const { box: [left, top, width, height], channels } of facts.tiles) {
      const [x, y] = [(across - left) / width, (down - top) / height];
      if (x < 0 || x >= 1 || y < 0 || y >= 1) continue;
      const known = channels.includes(page.selected.channel) ? page.selected.channel : channels[0];
      const place = [Math.floor(y * outputSize[1]), Math.floor(x * outputSize[2])];
      point(known, [films.frameOf(1), ...place]);
    }
  });
  const refuse = (why) => {
    films.pause();
    part("pointed").textContent = `This browser cannot play it: ${why}`;
  };
  part("play").addEventListener("click", () => {
    if (films.playing) films.pause();
    else films.play().catch((error) => refuse(error.message));
  });
  const step = (by) => { films.pause(); films.show(films.frameOf(0) + by); };
  part("back").addEventListener("click", () => step(-1));
  part("forward").addEventListener("click", () => step(1));
  range.addEventListener("input", () => { films.pause(); films.show(Number(range.value)); });
  part("speed").addEventListener("change", (event) => films.pace(Number(event.target.value)));
  part("there").hidden = region.whole;
  part("there").addEventListener("click", () => {
    const middle = region.origin[0] + (region.size[0] >> 1);
    films.pause();
    films.show(Math.round((middle * facts.rate) / facts.rateAfter));
  });
  part("stage").addEventListener("click", () => {
    const { position, channel } = page.selected;
    point(channel, [films.frameOf(1), position[1], position[2]]);
  });
  for (const video of films.videos) {
    video.addEventListener("error", () => refuse(video.error.message));
    video.addEventListener("loadedmetadata", () => {
      video.parentElement.style.maxWidth = `calc(75vh * ${video.videoWidth / video.videoHeight})`;
    });
    video.addEventListener("seeked", () => { if (!films.playing) tell(); });
  }
  fillStrip(part("strip"), facts, (frame) => { films.pause(); films.show(frame); });
  for (const side of SIDES) {
    mountSlice(section, facts, side, (frame, share) => {
      films.pause();
      films.show(side === "before" ? frame : Math.round((frame * facts.rate) / facts.rateAfter));
      if (side === "before") {
        point(page.selected.channel, outputNear([frame, facts.row, Math.floor(share * size[2])]));
      } else {
        const [{ channels }] = facts.tiles;
        point(channels[0], [frame, facts.rowAfter, Math.floor(share * outputSize[2])]);
      }
    });
  }
  for (const side of SIDES) part(side).classList.toggle("sharp", facts[side].clip.sharp);
  films.show(0);
  section.films = films; // for tests
}

/** Return where in an element a pointer is, as shares of its width and height. */
function shares(event) {
  const frame = event.currentTarget.getBoundingClientRect();
  const share = (at, from, length) => Math.min(1 - 1e-9, Math.max(0, (at - from) / length));
  return [share(event.clientX, frame.left, frame.width),
    share(event.clientY, frame.top, frame.height)];
}

/**
 * Return which share of all time is over when a frame begins, or within it.
 * @param {[number, number][]} times frames and shares, from the first to the end of the last
 * @param {number} frame
 */
function shareAt(times, frame) {
  const next = Math.max(1, times.findIndex(([place]) => place > frame));
  const [[first, start], [end, stop]] = times.slice(next - 1);
  return start + ((frame - first) / (end - first)) * (stop - start);
}

/** Return which frame is shown when a share of all time is over. */
function frameAt(times, share) {
  return shareAt(times.map(([frame, start]) => [start, frame]), share);
}

function spanOf(name, first, count) {
  return `${name} ${first} to ${first + count - 1}`;
}

/** Fill the filmstrip with buttons that go to their frames. */
function fillStrip(list, facts, go) {
  const { strip } = facts.before;
  const after = facts.after.strip;
  strip.forEach(({ frame, picture }, index) => {
    const below = after[Math.min(index, after.length - 1)];
    const name = `Frame ${frame}${below.frame === frame ? "" : ` · ${below.frame} after`}`;
    const button = { type: "button", class: "quiet", click: () => go(frame) };
    list.append(make("li", {}, make("button", button,
      make("img", { src: picture, alt: "" }), make("img", { src: below.picture, alt: "" }),
      make("span", {}, name))));
  });
}

/** Draw a slice, and let clicks into it go to their frames. */
function mountSlice(section, facts, side, go) {
  const cut = section.querySelector(`[data-side="${side}"] .cut`);
  cut.querySelector("img").src = facts[side].slice;
  cut.addEventListener("click", (event) => {
    const [across, down] = shares(event);
    go(Math.floor(frameAt(facts[side].times, across)), down);
  });
}
