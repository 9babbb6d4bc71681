/** A colour of the style sheet, as it is now. */
export function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function lineColor(index: number): string {
  return color(`--line-${index % 10}`);
}

/** Calls back when other colours hold: the switch was used, the system changed, the page is about to be printed. */
export function watchTheme(onChange: () => void): void {
  const root = document.documentElement;
  const button = document.querySelector<HTMLButtonElement>("#theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = (): boolean =>
    (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const name = (): void => {
    if (button !== null) button.textContent = isDark() ? "Light colours" : "Dark colours";
  };
  button?.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    name();
    onChange();
  });
  system.addEventListener("change", () => {
    name();
    onChange();
  });
  let before: string | undefined;
  addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    root.dataset.theme = "light"; // Paper is white, and narrow.
    root.classList.add("printing");
    onChange();
  });
  addEventListener("afterprint", () => {
    root.classList.remove("printing");
    if (before === undefined) delete root.dataset.theme;
    else root.dataset.theme = before;
    onChange();
  });
  name();
}
