import { element } from "./element.js";
import { unpackRun } from "./run.js";
import { makePage } from "./selection.js";
import { mountTheme } from "./theme.js";
import { mountCode } from "./code.js";
import { mountCopies } from "./copy.js";
import { mountDistribution } from "./distribution.js";
import { mountEditor } from "./editor.js";
import { mountKernels } from "./kernels.js";
import { mountStage } from "./stage_section.js";
import { mountAudio } from "./audio.js";
import { mountVideo } from "./video.js";

/**
 * What makes each section interactive, by its name. A function is given the section's element, its
 * facts, and the page (see `makePage`).
 */
const MOUNTS = {
  audio: mountAudio,
  video: mountVideo,
  stage: mountStage,
  editor: mountEditor,
  kernels: mountKernels,
  distribution: mountDistribution,
};

/** Start the page: unpack the run, then make each section interactive that the page has. */
async function start() {
  mountTheme(document.getElementById("theme"));
  mountCode(document);
  mountCopies(document);
  const page = makePage(await unpackRun(factsOf("run")));
  for (const [name, mount] of Object.entries(MOUNTS)) {
    const section = document.getElementById(name);
    if (section) mount(section, factsOf(name), page);
  }
  // For the curious, in the browser's console.
  globalThis.convtool = page;
  page.element = (channel, position) => element(page.run, channel, position);
  document.documentElement.dataset.ready = "true";
}

/** @param {string} name of a section, or "run" */
function factsOf(name) {
  return JSON.parse(document.getElementById(`${name}-data`).textContent);
}

start().catch((error) => {
  const note = document.getElementById("failure");
  note.hidden = false;
  note.textContent = `This browser cannot show all of the page: ${error.message}`;
  throw error;
});
