import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  type ClusterError,
  createDriver,
  createVolume,
  type Driver,
  encodeTaskPayload,
  fileStore,
  fit,
  isTerminal,
  launch,
  type Now,
  type Offer,
  type OfferConstraints,
  type Policy,
  type PolicyCall,
  type PolicyCalls,
  type PolicyEvent,
  reserve,
  resourcesOf,
  volumesOf,
} from "./index.ts";

/** Every snippet of the README stands in this file word for word, where it is compiled. */
const here = readFileSync(new URL(import.meta.url), "utf8");
const readme = readFileSync(new URL("README.md", import.meta.url), "utf8");
const snippets = Array.from(readme.matchAll(/```ts\n(.*?)```/gs), (match) => match[1] ?? "");
const flat = (text: string) => text.replace(/\s+/g, " ").trim();

test.each(snippets.map((snippet) => [snippet.split("\n")[0], snippet]))(
  "the snippet that begins with `%s` compiles",
  (_first, snippet = "") => expect(flat(here)).toContain(flat(snippet)),
);

async function remember(..._what: readonly string[]): Promise<void> {}
function startAnew(): void {}

export async function handlers(): Promise<void> {
  const driver = createDriver({
    masters: ["127.0.0.1:5050"],
    framework: { name: "hello" },
    store: fileStore("state/framework.json"),
  });

  driver.on("offers", ({ offers }) => {
    for (const offer of offers) {
      const task = { taskId: "hello-1", image: "hello", cpus: 0.1, mem: 32 };
      const misfits = offer.explainMisfit(task);
      if (misfits.length === 0) offer.accept(launch(task));
      else offer.decline({ refuseMs: 60_000, reasons: misfits });
    }
  });

  driver.on("update", async ({ status }) => {
    await remember(status.taskId, status.state); // Acknowledged when this has resolved.
  });

  await driver.start();
}

export async function loop(driver: Driver): Promise<void> {
  for await (const event of driver.events()) {
    switch (event.kind) {
      case "offers":
        for (const offer of event.offers) offer.decline();
        break;
      case "update":
        if (isTerminal(event.status.state)) await driver.stop({ teardown: true });
        break;
    }
  }
}

export async function policy(driver: Driver): Promise<void> {
  // biome-ignore format: as the README has it.
  class OneTask implements Policy {
    #isLaunched = false;

    apply(_now: Now, event: PolicyEvent): PolicyCalls {
      if (event.kind !== "offers") return { calls: [] };
      return { calls: event.offers.map((offer) => this.#answer(offer)) };
    }

    snapshot(): unknown {
      return { isLaunched: this.#isLaunched };
    }

    #answer(offer: Offer): PolicyCall {
      const { offerId, agentId } = offer;
      const found = fit(offer.resources, { resources: resourcesOf({ cpus: 0.1, mem: 32 }) });
      if (this.#isLaunched || !found.isFit) return { kind: "decline", offerIds: [offerId], filters: {} };
      this.#isLaunched = true;
      const payload = encodeTaskPayload({ command: "echo hello" });
      const task = { taskId: "one", name: "one", agentId, resources: found.taken, payload };
      const operations = [{ kind: "launch", tasks: [task] }] as const;
      return { kind: "accept", offerIds: [offerId], operations, filters: {} };
    }
  }

  await driver.runPolicy(new OneTask());
}

export async function errors(driver: Driver): Promise<void> {
  await driver.ended.catch((error: ClusterError) => {
    if (error.code === "framework_completed") return startAnew(); // Torn down, or away for too long.
    throw error;
  });
}

// biome-ignore format: as the README has it.
const onlyFastDisks: OfferConstraints = new Map([
  [
    "db",
    [
      [
        { selector: { type: "attribute", name: "disk" }, predicate: { type: "text-equals", value: "ssd" } },
        { selector: { type: "zone" }, predicate: { type: "text-matches", pattern: "eu-.*" } },
      ],
    ],
  ],
]);

export function volumes(): Driver {
  const database = createDriver({
    masters: ["127.0.0.1:5050"],
    framework: { name: "database", roles: ["db"] },
    offerConstraints: onlyFastDisks,
  });

  database.on("offers", ({ offers }) => {
    for (const offer of offers) {
      const task = { taskId: "db-1", image: "database", cpus: 1, mem: 512 };
      const volumes = volumesOf(offer.resources);
      if (volumes.has("db-data")) offer.accept(launch({ ...task, persistentVolumes: ["db-data"] }));
      else if (offer.fit({ ...task, disk: 1024 }).isFit) {
        offer.accept([
          reserve({ disk: 1024 }, { operationId: "reserve-db-data" }),
          createVolume({ id: "db-data", disk: 1024, containerPath: "data" }),
          launch({ ...task, persistentVolumes: ["db-data"] }),
        ]);
      }
    }
  });

  database.on("operation-update", ({ status }) => {
    if (status.state !== "OPERATION_FINISHED") console.error(status.operationId, status.message);
  });
  return database;
}

export function service(driver: Driver): void {
  driver.onCall((call) => {
    call.reply(Buffer.from(`you asked for ${call.method}`));
    call.end();
  });
}

test("what the README says of a misfit is what comes out", () => {
  const offered = resourcesOf({ cpus: 1.1, mem: 512 });
  const found = fit(offered, { resources: resourcesOf({ cpus: 1.5, mem: 128 }), ports: 1 });
  // { isFit: false, reasons: [
  //   { code: "insufficient-cpus", detail: "0.4 short: 1.5 wanted, 1.1 offered" },
  //   { code: "insufficient-ports", detail: "1 short: 1 wanted, 0 offered" } ] }
  expect(found).toEqual({
    isFit: false,
    reasons: [
      { code: "insufficient-cpus", detail: "0.4 short: 1.5 wanted, 1.1 offered" },
      { code: "insufficient-ports", detail: "1 short: 1 wanted, 0 offered" },
    ],
  });
});
