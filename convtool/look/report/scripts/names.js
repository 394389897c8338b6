import { counted } from "./numbers.js";

/** Channels that people have words for, by their names in the data. */
const WORDS = { r: "red", g: "green", b: "blue", l: "grey", a: "opacity" };

/** What a position along each axis is called, by the number of axes. */
const AXES = { 1: ["sample"], 2: ["row", "column"], 3: ["frame", "row", "column"] };

/** Return the word for a channel; a number alone could be anything. */
export function channelName(name) {
  return WORDS[name] ?? (/^\d+$/.test(name) ? `channel ${name}` : name);
}

/** Return the words for positions along a medium's axes. */
export function axesOf(dims) {
  return AXES[dims];
}

/** Return a size in words, an axis after the other: 384 rows × 512 columns. */
export function sizeName(dims, size) {
  return size.slice(-dims).map((n, axis) =>
    `${counted(n)} ${axesOf(dims)[axis]}${n === 1 ? "" : "s"}`).join(" × ");
}

/** Return the name of a channel of the result: its kernel, and the channel where there are more. */
export function resultName({ outputs }, channel) {
  const { title, channels, names } = outputs.find((output) => output.channels.includes(channel));
  if (channels.length === 1) return title;
  return `${title} · ${channelName(names[channels.indexOf(channel)])}`;
}

/** Return a place in words: row 3, column 5. */
export function placeName({ dims, rate, geometry }, position) {
  const place = position.map((n, axis) => `${axesOf(dims)[axis]} ${n}`).join(", ");
  if (dims !== 1 || !rate) return place;
  return `${place} (${((position[0] * geometry.stride[2]) / rate).toFixed(4)} s)`;
}
