import type { Violation } from "@bourse/engine/checks/violations";
import type { Fault } from "@bourse/engine/scenario/fault";
import type { Scenario } from "@bourse/engine/scenario/scenario";
import { ddmin } from "./ddmin.ts";
import type { Verdict } from "./judge.ts";
import { simplerScenarios } from "./simpler.ts";

export interface ShrinkOptions {
  /** Of the violations of the scenario the one to keep. */
  readonly violation: Violation;
  /** Runs a candidate. */
  judge(scenario: Scenario): Verdict;
  /** True: it has taken long enough, what there is by now will do. */
  isEnough?(): boolean;
  progress?(runs: number, scenario: Scenario): void;
}

export interface Shrunk {
  readonly scenario: Scenario;
  /** What it now violates: the same, of other tasks or agents perhaps. */
  readonly violation: Violation;
  readonly runs: number;
}

/**
 * The shortest scenario found that still breaks the same promise: faults, operations, frameworks, agents and rows are
 * left out as long as it does, then numbers and times are made smaller, until nothing more can go.
 */
export function shrink(scenario: Scenario, options: ShrinkOptions): Shrunk {
  const shrinker = new Shrinker(scenario, options);
  shrinker.run();
  return { scenario: shrinker.best, violation: shrinker.violation, runs: shrinker.runs };
}

class Shrinker {
  best: Scenario;
  violation: Violation;
  runs = 0;
  readonly #options: ShrinkOptions;
  #struck: Verdict["struck"] = new Map();

  constructor(scenario: Scenario, options: ShrinkOptions) {
    this.best = scenario;
    this.violation = options.violation;
    this.#options = options;
  }

  run(): void {
    this.#attempt(this.best);
    let size: number;
    do {
      size = sizeOf(this.best);
      this.#leaveOut("faults");
      this.#pin();
      this.#leaveOut("operations");
      this.#leaveOut("frameworks");
      this.#leaveOut("agents");
      this.#leaveOut("faults");
      this.#simplify();
    } while (sizeOf(this.best) < size && !this.#isEnough);
  }

  get #isEnough(): boolean {
    return this.#options.isEnough?.() ?? false;
  }

  /** Whether it still breaks; then it is the best so far. */
  #attempt(candidate: Scenario): boolean {
    if (this.#isEnough) return false;
    this.runs += 1;
    const verdict = this.#options.judge(candidate);
    this.#options.progress?.(this.runs, this.best);
    const story = storyOf(this.#options.violation);
    const same = verdict.violations.find((violation) => storyOf(violation) === story);
    if (same === undefined) return false;
    this.best = candidate;
    this.violation = same;
    this.#struck = verdict.struck;
    return true;
  }

  #leaveOut(part: "faults" | "operations" | "frameworks" | "agents"): void {
    const scenario = this.best;
    ddmin<Scenario[typeof part][number]>(scenario[part], (left) =>
      this.#attempt({ ...scenario, [part]: left }),
    );
  }

  /** Writes down whom each fault struck, so that agents and frameworks may go without changing it. */
  #pin(): void {
    const faults = this.best.faults.map((fault): Fault => {
      const targets = this.#struck.get(fault);
      return fault.targets !== undefined || targets === undefined || targets.length === 0
        ? fault
        : { ...fault, targets };
    });
    this.#attempt({ ...this.best, faults });
  }

  /** One simplification after the other, over and over, until none of them works. */
  #simplify(): void {
    let isSimpler = true;
    while (isSimpler && !this.#isEnough) {
      isSimpler = false;
      for (const simpler of simplerScenarios(this.best, this.violation)) {
        if (this.#attempt(simpler)) isSimpler = true;
        if (isSimpler) break;
      }
    }
  }
}

/** How much there is to read. */
export function sizeOf({ faults, operations, frameworks, agents, roles }: Scenario): number {
  return JSON.stringify([faults, operations, frameworks, agents, roles]).length;
}

/**
 * What a violation says but for names and numbers, so that it is known again in a smaller scenario. Nothing (0) and
 * something are not the same.
 */
export function storyOf({ check, message }: Violation): string {
  const [firstLine = ""] = message.split("\n");
  return `${check}: ${firstLine.replace(/\S*\d\S*/g, (word) => (word === "0" ? "0" : "#"))}`;
}
