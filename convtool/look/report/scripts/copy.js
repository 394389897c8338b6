/** Let every button with `data-copy` copy the text of the element of that id. */
export function mountCopies(root) {
  for (const button of root.querySelectorAll("button[data-copy]")) {
    const element = document.getElementById(button.dataset.copy);
    button.addEventListener("click", () => copy(element, button));
  }
}

/**
 * Copy the text of an element, and say so on the button.
 * Where the clipboard is closed to pages from disk, the text is selected instead.
 */
async function copy(element, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(element.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(element);
    button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
  }
  setTimeout(() => { button.textContent = before; }, 1500);
}
