const root = document.documentElement;
const listeners = [];

/** Call a function whenever colours change: drawings have to be made again. */
export function onTheme(listener) {
  listeners.push(listener);
}

/**
 * Return a colour of the style sheet as canvas takes it.
 * @param {string} name without its dashes, such as "accent"
 */
export function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  root.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Let a button switch between light and dark; the system's choice counts until then. */
export function mountTheme(button) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const tell = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    for (const listener of listeners) listener();
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    tell();
  });
  system.addEventListener("change", tell);
  tell();
}
