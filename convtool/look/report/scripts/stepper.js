import { lifted } from "./geometry.js";

/** Outputs along each axis that are stepped over, at most. */
const MOST = [1, 12, 16];
const MOST_ALONG = 48;  // of audio

/**
 * Slide the window over a box of outputs, which fill in as it goes.
 *
 * @typedef {object} Stepper
 * @property {() => ((y: number, x: number) => boolean) | null} hidden which outputs of the frame
 *     that is drawn are not filled in yet; null while nobody steps
 * @property {(by: number) => void} step forward, or back where negative
 * @property {() => void} toggle play or pause
 * @property {() => void} stop fill in everything
 * @property {() => boolean} playing
 * @property {() => {done: number, of: number} | null} progress
 * @property {(perSecond: number) => void} setSpeed
 */

/**
 * Return a stepper over outputs around the selected one.
 * @param {import("./selection.js").Page} page
 * @param {(box: {origin: number[], size: number[]}) => void} begun brings the box into view
 * @param {() => void} changed redraws
 * @returns {Stepper}
 */
export function makeStepper(page, begun, changed) {
  let box = null;
  let done = 0;
  let timer = null;
  let speed = 4;

  const count = () => box.size[1] * box.size[2];
  const placeOf = (index) => [
    box.origin[0],
    box.origin[1] + Math.floor(index / box.size[2]),
    box.origin[2] + (index % box.size[2]),
  ];
  const begin = () => {
    box = boxAround(page);
    done = 0;
    begun(box);
  };
  const go = (to) => {
    done = Math.min(count(), Math.max(1, to));
    page.select(page.selected.channel, placeOf(done - 1).slice(3 - page.run.dims));
    if (done === count()) pause();
    changed();
  };
  const pause = () => {
    clearInterval(timer);
    timer = null;
    changed();
  };
  const play = () => {
    clearInterval(timer);
    timer = setInterval(() => go(done + 1), 1000 / speed);
  };
  page.onShow(() => { pause(); box = null; });

  return {
    hidden() {
      if (!box) return null;
      const { origin } = page.run.geometry;
      return (y, x) => {
        const row = y + origin[1] - box.origin[1];
        const column = x + origin[2] - box.origin[2];
        const inside = row >= 0 && column >= 0 && row < box.size[1] && column < box.size[2];
        return inside && row * box.size[2] + column >= done;
      };
    },
    step(by) {
      if (!box) begin();
      pause();
      go(done + by);
    },
    toggle() {
      if (timer) {
        pause();
        return;
      }
      if (!box || done === count()) begin();
      go(done + 1);
      play();
    },
    stop() {
      box = null;
      pause();
    },
    playing: () => timer !== null,
    progress: () => (box ? { done, of: count() } : null),
    setSpeed(perSecond) {
      speed = perSecond;
      if (timer) play();
    },
  };
}

/** Return a box of outputs around the selected one, inside those that are held. */
function boxAround({ run, selected }) {
  const { origin, size } = run.geometry;
  const most = run.dims === 1 ? [1, 1, MOST_ALONG] : MOST;
  const spot = lifted(selected.position, 0);
  const counts = size.map((n, axis) => Math.min(n, most[axis]));
  const first = spot.map((place, axis) => {
    const last = origin[axis] + size[axis] - counts[axis];
    return Math.min(last, Math.max(origin[axis], place - (counts[axis] >> 1)));
  });
  return { origin: first, size: counts };
}
