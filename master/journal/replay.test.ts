import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "@bourse/cluster/cluster";
import { Peers } from "@bourse/cluster/testing/peers";
import { World } from "@bourse/cluster/testing/world";
import { Random } from "@bourse/model/random";
import { afterAll, expect, test } from "vitest";
import { Journal } from "./journal.ts";
import { replay } from "./replay.ts";

const made: string[] = [];
afterAll(() => Promise.all(made.map((path) => rm(path, { recursive: true, force: true }))));

/** Keeps a journal of every master that the world has, one after the other. */
class Recordings {
  readonly ended: { epoch: number; digest: string | null; stateHash: string }[] = [];
  readonly #world: World;
  readonly #directory: string;
  #current: { cluster: Cluster; journal: Journal; epoch: number } | null = null;
  readonly #closing: Promise<void>[] = [];

  constructor(world: World, directory: string) {
    this.#world = world;
    this.#directory = directory;
    let { cluster } = world;
    this.#begin(cluster);
    Object.defineProperty(world, "cluster", {
      get: () => cluster,
      set: (next: Cluster) => {
        this.#end();
        cluster = next;
        this.#begin(next);
      },
    });
  }

  async close(): Promise<void> {
    this.#end();
    await Promise.all(this.#closing);
  }

  #begin(cluster: Cluster): void {
    const apply = cluster.apply.bind(cluster);
    const journal = new Journal({
      directory: this.#directory,
      build: "test",
      start: this.#world.start,
      openedAt: this.#world.now,
      snapshot: () => cluster.snapshot(),
      onStopped: (error) => {
        throw error;
      },
      limits: { fileBytesMax: 3_000, filesMax: 1_000 },
    });
    cluster.apply = (now, input) => {
      journal.recordInput(now, input);
      const effects = apply(now, input);
      journal.recordEffects(effects);
      journal.endTurn();
      return effects;
    };
    this.#current = { cluster, journal, epoch: this.#world.epoch };
  }

  #end(): void {
    if (this.#current === null) return;
    const { cluster, journal, epoch } = this.#current;
    const stateHash = cluster.stateHash();
    this.ended.push({ epoch, digest: journal.digest, stateHash });
    this.#closing.push(journal.close(stateHash));
  }
}

test.each([1, 2, 3, 4, 5, 6])(
  "whatever happens to a cluster (seed %i), each journal replays to the identical hashes",
  async (seed) => {
    const directory = await mkdtemp(join(tmpdir(), "bourse-replay-"));
    made.push(directory);
    const world = new World();
    const recordings = new Recordings(world, directory);
    const peers = new Peers(world);
    const random = Random.fromSeed(`replay ${seed}`);
    for (let step = 0; step < 250; step++)
      peers.act(random.below(Peers.ACTIONS), random.below(105));
    await recordings.close();

    const found = new Map<number, { digest: string; stateHash: string }>();
    let hasSnapshot = false;
    for (const file of (await readdir(directory)).sort()) {
      const result = await replay(join(directory, file));
      expect(result).toMatchObject({ isTorn: false, difference: null, failure: null });
      hasSnapshot ||= result.inputsBefore > 0;
      found.set(result.epoch, { digest: result.rollingHash, stateHash: result.stateHash });
    }
    for (const { epoch, digest, stateHash } of recordings.ended) {
      expect(found.get(epoch)).toEqual({ digest, stateHash });
    }
    expect(hasSnapshot).toBe(true);
  },
);
