/**
 * States that can be gone back to.
 *
 * @template State
 * @typedef {object} History
 * @property {() => State} now
 * @property {(state: State) => void} add
 * @property {(state: State) => void} replace the one of now, which cannot be gone back to
 * @property {() => void} undo
 * @property {() => void} redo
 * @property {() => boolean} canUndo
 * @property {() => boolean} canRedo
 */

/**
 * Return a history that begins with a state.
 * @template State
 * @param {State} first
 * @param {() => void} changed
 * @returns {History<State>}
 */
export function makeHistory(first, changed) {
  let states = [first];
  let at = 0;
  const go = (to) => {
    if (to < 0 || to >= states.length) return;
    at = to;
    changed();
  };
  return {
    now: () => states[at],
    add(state) {
      states = [...states.slice(0, at + 1), state];
      go(at + 1);
    },
    replace(state) {
      states[at] = state;
      changed();
    },
    undo: () => go(at - 1),
    redo: () => go(at + 1),
    canUndo: () => at > 0,
    canRedo: () => at < states.length - 1,
  };
}
