import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { assert, present } from "@bourse/model/assert";
import type { Capability } from "@bourse/model/framework";
import { Random } from "@bourse/model/random";
import {
  add,
  formatResources,
  kindOf,
  type Resource,
  type Resources,
  subtract,
} from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import { expect, test } from "vitest";
import { Allocator } from "./allocator.ts";
import {
  type AgentOptions,
  ALLOCATOR_DEFAULTS,
  type Allocation,
  type AllocatorConfig,
  type FrameworkOptions,
} from "./options.ts";
import {
  readAttributes,
  readConstraints,
  readDomain,
  readQuota,
  readResources,
  writeAmounts,
  writeQuota,
  writeResources,
} from "./script-text.ts";

/**
 * Runs the stories of testdata: a command, `----`, what it answers. `REWRITE=1` writes the answers anew; then
 * read the diff. Each story is told twice: by an allocator that is restored from its snapshot before each command, since
 * nothing may depend on more, and by one that is not, since what it remembers besides may change nothing.
 */
const FOLDER = new URL("./testdata/", import.meta.url);

for (const file of readdirSync(FOLDER).sort()) {
  test(file.replace(/\.txt$/, ""), () => {
    const text = readFileSync(new URL(file, FOLDER), "utf8");
    const answered = answer(text, true);
    if (process.env.REWRITE === "1") writeFileSync(new URL(file, FOLDER), answered);
    else expect(answered).toBe(text);
    expect(answer(text, false)).toBe(answered);
  });
}

/** The same text with the answers that this allocator gives. */
function answer(text: string, isRestored: boolean): string {
  const story = new Story(isRestored);
  const blocks = text.trimEnd().split(/\n\n+/);
  const answered = blocks.map((block) => {
    const [question = "", hasAnswer] = block.split("\n----\n");
    if (hasAnswer === undefined && !block.endsWith("\n----")) return block;
    const lines = question.replace(/\n----$/, "").split("\n");
    const command = present(lines.at(-1), "a command");
    return `${lines.join("\n")}\n----\n${story.tell(command)}`;
  });
  return `${answered.join("\n\n")}\n`;
}

/** One allocator with a clock and the books of who holds what. */
class Story {
  readonly #isRestored: boolean;
  #allocator: Allocator | undefined;
  #config: AllocatorConfig = ALLOCATOR_DEFAULTS;
  #monoMs = 0;
  /** By `framework@role agent`; shared resources one entry a copy. */
  readonly #held = new Map<string, { own: Resources; copies: Resource[] }>();
  readonly #frameworks: string[] = [];

  constructor(isRestored: boolean) {
    this.#isRestored = isRestored;
  }

  tell(line: string): string {
    const [command = "", ...words] = line.split(" ");
    const run = present(COMMANDS[command], `the command ${command}`);
    this.#allocator ??= new Allocator({ random: Random.fromSeed(1), config: this.#config });
    if (this.#isRestored)
      this.#allocator = Allocator.restore(this.#allocator.snapshot(), this.#config);
    return run(this, words) || "ok";
  }

  get allocator(): Allocator {
    return present(this.#allocator, "the allocator");
  }

  get now() {
    return { monoMs: this.#monoMs, wallMs: 0 };
  }

  configure(config: Partial<AllocatorConfig>): void {
    this.#config = { ...this.#config, ...config };
    this.#allocator = new Allocator({ random: Random.fromSeed(1), config: this.#config });
  }

  wait(ms: number): void {
    this.#monoMs += ms;
  }

  noteFramework(name: string): void {
    this.#frameworks.push(name);
  }

  forgetFramework(name: string): void {
    this.#frameworks.splice(this.#frameworks.indexOf(name), 1);
  }

  noteHeld(key: string, resources: Resources): void {
    const held = this.#held.get(key) ?? { own: [], copies: [] };
    held.own = add(
      held.own,
      resources.filter(({ isShared }) => !isShared),
    );
    held.copies.push(...resources.filter(({ isShared }) => isShared));
    this.#held.set(key, held);
  }

  noteGone(key: string, resources: Resources): void {
    const held = present(this.#held.get(key), key);
    held.own = subtract(
      held.own,
      resources.filter(({ isShared }) => !isShared),
    );
    for (const resource of resources.filter(({ isShared }) => isShared)) {
      const copy = held.copies.findIndex((one) => kindOf(one) === kindOf(resource));
      assert(copy >= 0, `${key} must hold ${formatResources([resource])}`);
      held.copies.splice(copy, 1);
    }
    if (held.own.length + held.copies.length === 0) this.#held.delete(key);
  }

  run(which: "all" | "changed"): string {
    const allocations = this.allocator.allocate(this.now, which);
    for (const { frameworkId, role, agentId, resources } of allocations)
      this.noteHeld(`${frameworkId}@${role} ${agentId}`, resources);
    if (allocations.length === 0) return "nothing";
    return allocations.map(formatAllocation).sort().join("\n");
  }

  /** Gives back what `f1` or `f1@role` holds of the agent, or a part of it. */
  giveBack(
    who: string,
    agentId: string,
    part: string | undefined,
    cause: Parameters<Allocator["recover"]>[1],
  ): string {
    const keys = Array.from(this.#held.keys()).filter(
      (key) =>
        key.endsWith(` ${agentId}`) && (key.startsWith(`${who}@`) || key.startsWith(`${who} `)),
    );
    assert(keys.length > 0, `${who} must hold something of ${agentId}`);
    for (const key of keys) {
      const [frameworkId = "", role = ""] = key.split(/[@ ]/);
      const parts = part === undefined ? this.#listsOf(key) : [readResources(part)];
      for (const resources of parts) {
        this.allocator.recover({ frameworkId, role, agentId, resources }, cause, this.now);
        this.noteGone(key, resources);
      }
    }
    return "";
  }

  /** All that is held, and the second and further copies of shared resources one by one. */
  #listsOf(key: string): readonly Resources[] {
    const { own, copies } = present(this.#held.get(key), key);
    const kinds = copies.map(kindOf);
    const first = copies.filter((_, index) => kinds.indexOf(kinds[index] as string) === index);
    const further = copies.filter((_, index) => kinds.indexOf(kinds[index] as string) !== index);
    return [add(own, first), ...further.map((copy) => [copy])];
  }

  declineAll(refuseMs: number): string {
    for (const key of Array.from(this.#held.keys())) {
      const [who = "", agentId = ""] = key.split(" ");
      this.giveBack(who, agentId, undefined, { kind: "declined", refuseMs });
    }
    return "";
  }

  shares(): string {
    const standings = this.#frameworks.flatMap(
      (frameworkId) => this.allocator.explain({ frameworkId, agentsMax: 0 }, this.now).roles,
    );
    const lines = standings
      .toSorted((a, b) => a.position - b.position)
      .map(({ role, share }) => `${role} ${share.toFixed(2)}`);
    return Array.from(new Set(lines)).join(", ");
  }
}

const COMMANDS: Readonly<Record<string, (story: Story, words: readonly string[]) => string>> = {
  config: (story, words) => {
    const { interval, exclude, min, domain } = options(words);
    story.configure({
      ...(domain === undefined ? {} : { domain: readDomain(domain) }),
      ...(interval === undefined ? {} : { allocationIntervalMs: ms(interval) }),
      ...(exclude === undefined ? {} : { fairnessExcluded: exclude.split(",") }),
      ...(min === undefined ? {} : { minAllocatable: alternatives(min) }),
    });
    return "";
  },
  /** `f1@r=cpus:1` after the total is in use already; `host=`, `at=` and `domain=` say more of it. */
  agent: (story, [agentId = "", total = "", ...words]) => {
    const list = words
      .filter((word) => USED.test(word))
      .map((word) => {
        const [, frameworkId = "", role = "", text = ""] = present(USED.exec(word), word);
        story.noteHeld(`${frameworkId}@${role} ${agentId}`, readResources(text));
        return { frameworkId, role, resources: readResources(text) };
      });
    const about = words.filter((word) => !USED.test(word));
    story.allocator.addAgent(agentId, agentOptions(agentId, total, about), list);
    return story.run("changed");
  },
  total: (story, [agentId = "", total = "", ...words]) => {
    story.allocator.updateAgent(agentId, agentOptions(agentId, total, words));
    return story.run("changed");
  },
  /** More is in use than was known. */
  used: (story, [who = "", agentId = "", text = ""]) => {
    const [frameworkId = "", role = ""] = who.split("@");
    story.noteHeld(`${who} ${agentId}`, readResources(text));
    story.allocator.addUsed(agentId, { frameworkId, role, resources: readResources(text) });
    return "";
  },
  /** `quota q cpus:2`: guarantee and limit, as Mesos' tests have it; `quota q guarantee=.. limit=..`; `quota q none`. */
  quota: (story, [role = "", ...words]) => {
    const { guarantee = "", limit = "" } = options(words);
    const [both = ""] = words;
    story.allocator.updateQuota(
      both.includes("=") ? readQuota(role, guarantee, limit) : readQuota(role, both, both),
    );
    return "";
  },
  quotas: (story) => story.allocator.quotas().map(writeQuota).join("\n") || "none",
  consumed: (story, [role = ""]) => writeAmounts(story.allocator.consumedOf(role)),
  free: (story, [agentId = ""]) => writeResources(story.allocator.freeOf(agentId)),
  /** `convert f1@r a1 cpus:1 cpus(+r):1`: an operation on what it holds. */
  convert: (story, [who = "", agentId = "", from = "", to = ""]) => {
    const [frameworkId = "", role = ""] = who.split("@");
    const [consumed, converted] = [readResources(from), readResources(to)];
    story.allocator.convertHeld({ frameworkId, role, agentId }, consumed, converted);
    story.noteHeld(`${who} ${agentId}`, converted);
    story.noteGone(`${who} ${agentId}`, consumed);
    return story.run("changed");
  },
  "convert-free": (story, [agentId = "", from = "", to = ""]) => {
    story.allocator.convertFree(agentId, readResources(from), readResources(to));
    return story.run("changed");
  },
  /** `budget f1 2`, `budget f1 none`. */
  budget: (story, [frameworkId = "", offersMax = ""]) => {
    story.allocator.limitOffers(frameworkId, offersMax === "none" ? null : Number(offersMax));
    return "";
  },
  "remove-agent": (story, [agentId = ""]) => {
    story.allocator.removeAgent(agentId);
    return "";
  },
  deactivate: (story, [agentId = ""]) => {
    story.allocator.deactivateAgent(agentId);
    return "";
  },
  activate: (story, [agentId = ""]) => {
    story.allocator.activateAgent(agentId);
    return story.run("changed");
  },
  framework: (story, [frameworkId = "", roles = "", ...words]) => {
    story.allocator.addFramework(frameworkId, frameworkOptions(roles, words));
    story.noteFramework(frameworkId);
    return story.run("changed");
  },
  "update-framework": (story, [frameworkId = "", roles = "", ...words]) => {
    story.allocator.updateFramework(frameworkId, frameworkOptions(roles, words));
    return "";
  },
  "remove-framework": (story, [frameworkId = ""]) => {
    story.allocator.removeFramework(frameworkId);
    story.forgetFramework(frameworkId);
    return "";
  },
  disconnect: (story, [frameworkId = ""]) => {
    story.allocator.deactivateFramework(frameworkId);
    return "";
  },
  connect: (story, [frameworkId = ""]) => {
    story.allocator.activateFramework(frameworkId);
    return story.run("changed");
  },
  suppress: (story, [frameworkId = "", ...roles]) => {
    story.allocator.suppress(frameworkId, roles);
    return "";
  },
  revive: (story, [frameworkId = "", ...roles]) => {
    story.allocator.revive(frameworkId, roles);
    return story.run("changed");
  },
  weight: (story, [role = "", weight = ""]) => {
    story.allocator.updateWeight(role, Number(weight));
    return "";
  },
  decline: (story, [who = "", agentId = "", refuse = "0s", part]) =>
    story.giveBack(who, agentId, part, { kind: "declined", refuseMs: ms(refuse) }),
  "decline-all": (story, [refuse = "0s"]) => story.declineAll(ms(refuse)),
  rescind: (story, [who = "", agentId = ""]) =>
    story.giveBack(who, agentId, undefined, { kind: "rescinded" }),
  end: (story, [who = "", agentId = "", part]) =>
    story.giveBack(who, agentId, part, { kind: "terminal" }),
  /** The end of a batch of inputs. */
  run: (story) => story.run("changed"),
  /** Time passes until the periodic run is due. */
  batch: (story) => {
    story.wait(Math.max(0, story.allocator.nextRunAtMs() - story.now.monoMs));
    return story.run("all");
  },
  wait: (story, [time = ""]) => {
    story.wait(ms(time));
    return "";
  },
  shares: (story) => story.shares(),
  filters: (story) => String(story.allocator.countFilters(story.now)),
  explain: (story, [frameworkId = "", wanted]) => {
    const question = wanted === undefined ? {} : { wanted: parseResources(wanted) };
    const answer = story.allocator.explain({ frameworkId, ...question }, story.now);
    const { roles, agents, relaxations } = answer;
    return [
      ...roles.map(
        ({ role, position, of, isSuppressed }) =>
          `${role}: ${position} of ${of}${isSuppressed ? ", suppressed" : ""}`,
      ),
      ...agents.flatMap(({ agentId, free, checks }) => [
        `${agentId}: free ${writeResources(free)}`,
        ...checks.map(
          ({ name, role, isPassed, detail }) =>
            `  ${isPassed ? "+" : "-"} ${name}${role === undefined ? "" : ` ${role}`}${detail === undefined ? "" : `: ${detail}`}`,
        ),
      ]),
      ...relaxations.map(({ text }) => `would help: ${text}`),
    ].join("\n");
  },
};

/** What an agent has in use already: `f1@role=cpus:1`. */
const USED = /^([^=]*?)@(.*?)=(.*)$/;

function agentOptions(agentId: string, total: string, words: readonly string[]): AgentOptions {
  const { host = agentId, at = "", domain } = options(words);
  return {
    total: readResources(total),
    hostname: host,
    attributes: readAttributes(at),
    ...(domain === undefined ? {} : { domain: readDomain(domain) }),
  };
}

function frameworkOptions(roles: string, words: readonly string[]): FrameworkOptions {
  const { suppressed = "", capabilities = "", min, constraints } = options(words);
  const list = roles.split(",");
  return {
    roles: list,
    suppressedRoles: suppressed.split(",").filter((role) => role !== ""),
    capabilities: capabilities.split(",") as Capability[],
    ...(min === undefined
      ? {}
      : { minAllocatable: new Map(list.map((role) => [role, alternatives(min)])) }),
    ...(constraints === undefined
      ? {}
      : { offerConstraints: new Map(list.map((role) => [role, readConstraints(constraints)])) }),
  };
}

function formatAllocation({ frameworkId, role, agentId, resources }: Allocation): string {
  return `${frameworkId}@${role} <- ${agentId} ${writeResources(resources)}`;
}

function options(words: readonly string[]): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    words.map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]),
  );
}

/** `cpus:1;mem:2|cpus:3`; nothing = no alternatives. */
function alternatives(text: string): readonly Resources[] {
  return text === "" ? [] : text.split("|").map((part) => parseResources(part));
}

function ms(text: string): number {
  const [, amount = "", unit = ""] = present(/^([\d.]+)(ms|s|d)$/.exec(text), "a time");
  return Number(amount) * { ms: 1, s: 1_000, d: 86_400_000 }[unit as "ms" | "s" | "d"];
}
