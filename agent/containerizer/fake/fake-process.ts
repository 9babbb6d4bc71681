import { readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import type { OutputChunk } from "../containerizer.ts";
import type { FakeStep } from "./fake-program.ts";

/** `setTimeout` takes no longer wait; a longer sleep is as good as for ever. */
const SLEEP_MS_MAX = 2 ** 31 - 1;

/** Runs the steps of a fake program on real timers, with output, stdin and signals. */
export class FakeProcess {
  readonly exit: Promise<number>;
  readonly #steps: readonly FakeStep[];
  readonly #speed: number;
  readonly #onOutput: (chunk: OutputChunk) => void;
  readonly #locate: (path: string) => string | null;
  #resolveExit: (exitCode: number) => void = () => {};
  #index = 0;
  #timer: NodeJS.Timeout | null = null;
  #ignoresSigterm = false;
  #stdinHasEnded: boolean;
  #hasEnded = false;

  constructor(
    steps: readonly FakeStep[],
    options: {
      readonly onOutput: (chunk: OutputChunk) => void;
      /** Without stdin, the process reads the end of it at once. */
      readonly hasStdin: boolean;
      /** How many times faster than the clock sleeps pass. */
      readonly speed: number;
      /** Where a file of the program is on the host; null = it can have no such file. */
      readonly locate: (path: string) => string | null;
    },
  ) {
    this.#steps = steps;
    this.#onOutput = options.onOutput;
    this.#speed = options.speed;
    this.#locate = options.locate;
    this.#stdinHasEnded = !options.hasStdin;
    this.exit = new Promise((resolve) => {
      this.#resolveExit = resolve;
    });
  }

  /** Not from the constructor, so that nobody misses the first output. */
  start(): void {
    this.#continue();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  writeStdin(data: Uint8Array): void {
    if (this.#steps[this.#index]?.kind === "copy" && !this.#hasEnded) {
      this.#onOutput({ stream: "stdout", data });
    }
  }

  endStdin(): void {
    this.#stdinHasEnded = true;
    if (this.#steps[this.#index]?.kind === "copy" && !this.#hasEnded) {
      this.#index++;
      this.#continue();
    }
  }

  kill(signal: NodeJS.Signals): void {
    if (signal === "SIGTERM" && this.#ignoresSigterm) return;
    this.#end(128 + constants.signals[signal]);
  }

  #continue(): void {
    for (; this.#index < this.#steps.length && !this.#hasEnded; this.#index++) {
      const step = this.#steps[this.#index];
      if (step === undefined || this.#mustWait(step)) return;
    }
    this.#end(0);
  }

  /** Does one step. True when the process stays in it for now. */
  #mustWait(step: FakeStep): boolean {
    switch (step.kind) {
      case "write":
        this.#onOutput({ stream: step.stream, data: Buffer.from(step.text) });
        return false;
      case "save":
      case "show":
        if (this.#doFile(step)) return false;
        this.#end(1);
        return true;
      case "exit":
        this.#end(step.exitCode);
        return true;
      case "ignore-sigterm":
        this.#ignoresSigterm = true;
        return false;
      case "copy":
        return !this.#stdinHasEnded;
      case "run-on":
        return true;
      case "sleep":
        if (step.durationMs > SLEEP_MS_MAX) return true;
        this.#timer = setTimeout(() => {
          this.#index++;
          this.#continue();
        }, step.durationMs / this.#speed);
        return true;
    }
  }

  /** False when there is no such file. */
  #doFile(step: Extract<FakeStep, { kind: "save" | "show" }>): boolean {
    const path = this.#locate(step.path);
    try {
      if (path === null) throw new Error("no such directory");
      if (step.kind === "save") writeFileSync(path, step.text);
      else this.#onOutput({ stream: "stdout", data: readFileSync(path) });
      return true;
    } catch {
      this.#onOutput({ stream: "stderr", data: Buffer.from(`${step.path}: no such file\n`) });
      return false;
    }
  }

  #end(exitCode: number): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#resolveExit(exitCode);
  }
}
