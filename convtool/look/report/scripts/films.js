import { bytesOf } from "./sound.js";

/** Seconds by which one may be ahead before it is led back, and before it is put in place. */
const CLOSE = 0.012;
const FAR_OFF = 0.2;

/** Plays two videos in step: the second follows the first. */
export class Films {
  /**
   * @param {HTMLVideoElement[]} videos before and after
   * @param {{data: string, type: string, rate: number, positions: number}[]} clips
   * @param {() => void} changed is called when time passes, and when it begins or ceases to play
   */
  constructor(videos, clips, changed) {
    this.videos = videos;
    this.clips = clips;
    this.changed = changed;
    this.playing = false;
    this.speed = 1;
    this.seconds = Math.max(...clips.map((clip) => clip.positions / clip.rate));
    videos.forEach((video, index) => {
      const { data, type } = clips[index];
      video.src = URL.createObjectURL(new Blob([bytesOf(data)], { type }));
    });
  }

  /** The second that is seen. */
  get time() {
    return this.videos[0].currentTime;
  }

  async play() {
    if (this.playing) return;
    this.playing = true;
    if (this.videos.some((video) => video.ended)) this.#place(0);
    else this.#place(this.time);
    this.#hurry(0);
    await Promise.all(this.videos.map((video) => video.play()));
    this.changed();
    this.#follow();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    for (const video of this.videos) video.pause();
    this.#place(this.time);
    this.changed();
  }

  /** Go to the middle of a frame of the first. */
  show(frame) {
    const [{ rate, positions }] = this.clips;
    this.#place((Math.min(positions - 1, Math.max(0, frame)) + 0.5) / rate);
    this.changed();
  }

  /** The frame of one of them that is seen. */
  frameOf(index) {
    const { rate, positions } = this.clips[index];
    return Math.min(positions - 1, Math.floor(this.time * rate + 1e-3));
  }

  pace(speed) {
    this.speed = speed;
    this.#hurry(0);
  }

  #place(second) {
    this.videos.forEach((video, index) => {
      const { rate, positions } = this.clips[index];
      video.currentTime = Math.min(second, (positions - 0.5) / rate);
    });
  }

  #hurry(late) {
    this.videos[0].playbackRate = this.speed;
    this.videos[1].playbackRate = this.speed * (1 + Math.max(-0.2, Math.min(0.2, 3 * late)));
  }

  #follow() {
    if (!this.playing) return;
    const [first, second] = this.videos;
    if (first.ended || second.ended) return this.pause();
    const late = first.currentTime - second.currentTime;
    if (Math.abs(late) > FAR_OFF) second.currentTime = first.currentTime;
    this.#hurry(Math.abs(late) > CLOSE ? late : 0);
    this.changed();
    requestAnimationFrame(() => this.#follow());
  }
}
