/** The part of the run that all charts show. Whoever changes it changes it for all. */
export class TimeWindow {
  readonly endMs: number;
  fromMs = 0;
  untilMs: number;
  readonly #watchers: (() => void)[] = [];

  constructor(endMs: number) {
    this.endMs = Math.max(1, endMs);
    this.untilMs = this.endMs;
  }

  watch(onChange: () => void): void {
    this.#watchers.push(onChange);
  }

  /** Cut to the run; nothing when there is nothing in between. */
  show(fromMs: number, untilMs: number): void {
    const from = Math.max(0, Math.min(fromMs, untilMs));
    const until = Math.min(this.endMs, Math.max(fromMs, untilMs));
    if (!(until - from >= 1)) return;
    this.fromMs = from;
    this.untilMs = until;
    for (const tell of this.#watchers) tell();
  }

  showAll(): void {
    this.show(0, this.endMs);
  }

  /** The two fields and the buttons of the page, for the keyboard and for fingers. */
  bind(): void {
    const from = document.querySelector<HTMLInputElement>("#from");
    const until = document.querySelector<HTMLInputElement>("#until");
    if (from === null || until === null) return;
    const fill = (): void => {
      from.value = String(Math.round(this.fromMs) / 1_000);
      until.value = String(Math.round(this.untilMs) / 1_000);
    };
    document.querySelector("#window")?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.show(Number(from.value) * 1_000, Number(until.value) * 1_000);
      fill();
    });
    document.querySelector("#whole")?.addEventListener("click", () => this.showAll());
    this.watch(fill);
    fill();
  }
}
