/** Seconds that a change of what is heard takes, so that it does not click. */
const FADE = 0.008;

/**
 * Plays two recordings at once from one clock, and lets one of them be heard.
 * They are decoded when they are played first; nothing plays by itself.
 */
export class Sound {
  /**
   * @param {{data: string, seconds: number, rate: number}[]} clips before and after
   * @param {() => void} changed is called when it begins or ceases to play
   */
  constructor(clips, changed) {
    this.clips = clips;
    this.changed = changed;
    this.seconds = Math.max(...clips.map((clip) => clip.seconds));
    this.side = 0;
    this.playing = false;
    this.at = 0; // seconds, where it stands or has begun to play
  }

  /** The second that is heard now. */
  get time() {
    if (!this.playing) return this.at;
    const { currentTime, outputLatency = 0 } = this.context;
    const late = Number.isFinite(outputLatency) ? outputLatency : 0;
    return Math.min(this.seconds, this.at + Math.max(0, currentTime - this.since - late));
  }

  /** Play from where it stands, or from the beginning at the end. */
  async play() {
    if (this.playing) return;
    this.context ??= new AudioContext();
    await this.context.resume();
    this.buffers ??= await Promise.all(this.clips.map(decoded));
    if (this.playing) return;
    this.sources = [];
    if (this.at >= this.seconds - 0.01) this.at = 0;
    this.since = this.context.currentTime + 0.02;
    this.gains = this.buffers.map((buffer, side) => this.#begin(buffer, side));
    this.playing = true;
    this.changed();
  }

  #begin(buffer, side) {
    const { context } = this;
    const source = new AudioBufferSourceNode(context, { buffer });
    const gain = new GainNode(context, { gain: Number(side === this.side) });
    source.connect(gain).connect(context.destination);
    if (this.at < buffer.duration) source.start(this.since, this.at);
    this.sources.push(source);
    return gain;
  }

  pause() {
    if (!this.playing) return;
    this.at = this.time;
    for (const source of this.sources) source.disconnect();
    this.playing = false;
    this.changed();
  }

  /** Go to a second, and play on if it was playing. */
  async seek(second) {
    const played = this.playing;
    this.pause();
    this.at = Math.min(this.seconds, Math.max(0, second));
    if (played) await this.play();
  }

  /** Let the first or the second be heard, without a gap. */
  choose(side) {
    this.side = side;
    if (!this.playing) return;
    const now = this.context.currentTime;
    for (const [index, { gain }] of this.gains.entries()) {
      gain.setTargetAtTime(Number(index === side), now, FADE);
    }
  }
}

/** Return a recording's samples. */
function decoded(clip) {
  const rate = Math.min(48000, Math.max(8000, clip.rate));
  return new OfflineAudioContext(1, 1, rate).decodeAudioData(bytesOf(clip.data).buffer);
}

/** Return the bytes of base64. */
export function bytesOf(data) {
  return Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
}
