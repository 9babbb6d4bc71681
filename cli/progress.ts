import type { SingleBar } from "cli-progress";

/** How far something long is. */
export interface Progress {
  /** `words`: what there is to say beside the bar. */
  show(done: number, total: number, words: string): void;
  /** Leaves the line empty. */
  clear(): void;
}

const SILENT: Progress = { show: () => {}, clear: () => {} };
/** Oftener nobody sees. */
const DRAW_EVERY_MS = 100;
/** A bar has so many steps: `total` may be anything, a fraction too. */
const STEPS = 1_000;

/** A bar with the time that is left, by what it took so far; on stderr, and only on a terminal. */
export async function progressBar(): Promise<Progress> {
  if (process.stderr.isTTY !== true) return SILENT;
  const { default: cliProgress } = await import("cli-progress");
  return new Bar(
    new cliProgress.SingleBar({
      stream: process.stderr,
      format: "[{bar}] {percentage} %  {words}  {left}",
      barCompleteChar: "#",
      barIncompleteChar: ".",
      barsize: 30,
      clearOnComplete: true,
      hideCursor: true,
      linewrap: false,
      autopadding: true,
    }),
  );
}

class Bar implements Progress {
  readonly #bar: SingleBar;
  readonly #beganMs = performance.now();
  #drawnMs = 0;
  #isDrawn = false;

  constructor(bar: SingleBar) {
    this.#bar = bar;
  }

  show(done: number, total: number, words: string): void {
    const nowMs = performance.now();
    if (nowMs - this.#drawnMs < DRAW_EVERY_MS) return;
    this.#drawnMs = nowMs;
    const share = total > 0 ? Math.min(1, done / total) : 1;
    const payload = { words, left: leftText(nowMs - this.#beganMs, share) };
    if (!this.#isDrawn) this.#bar.start(STEPS, 0, payload);
    this.#isDrawn = true;
    this.#bar.update(Math.round(share * STEPS), payload);
  }

  clear(): void {
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    this.#bar.stop();
  }
}

/** Says nothing before there is something to go by. */
export function leftText(tookMs: number, share: number): string {
  if (share < 0.02 || tookMs < 1_000) return "";
  const seconds = Math.ceil((tookMs * (1 - share)) / share / 1_000);
  if (seconds < 60) return `${seconds}s left`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${seconds % 60}s left`;
  return `${Math.floor(seconds / 3_600)}h${Math.floor((seconds % 3_600) / 60)}m left`;
}
