import { assert } from "@bourse/model/assert";
import type { Capability } from "@bourse/model/framework";
import type { Role } from "@bourse/model/ids";
import type { DimensionTable } from "./kinds.ts";
import type { Minimum } from "./minimum.ts";
import { grownBytes, grownInts } from "./rows.ts";
import { ShareTable } from "./shares.ts";
import { NONE, Slots } from "./slots.ts";
import { Sorter } from "./sorter.ts";

export const WEIGHT_MILLI_DEFAULT = 1000;

/** Flags of what a framework can take (FEATURES M-19). */
export const TAKES_GPUS = 1;
export const TAKES_REVOCABLE = 2;
export const TAKES_SHARED = 4;

/**
 * Who may be served: frameworks, roles, and pairs (a framework in one of its roles). A pair is what holds
 * resources, has filters and can be suppressed. It lives while the framework has the role or holds something
 * under it; a role lives while it has pairs. Roles with `/` are one flat name each.
 */
export class ClientTable {
  readonly frameworks = new Slots();
  readonly roles = new Slots();
  /** Roles with at least one pair that may be served. */
  readonly order: Sorter;
  readonly roleShares: ShareTable;
  readonly pairShares: ShareTable;
  /** By role slot: its pairs that may be served. */
  readonly orderIn: Sorter[] = [];
  takes: Uint8Array = new Uint8Array(16);
  /** 0 for a framework that is known only by what it holds. */
  isRegistered: Uint8Array = new Uint8Array(16);
  isConnected: Uint8Array = new Uint8Array(16);
  frameworkOf: Int32Array = new Int32Array(16);
  roleOf: Int32Array = new Int32Array(16);
  isSubscribed: Uint8Array = new Uint8Array(16);
  isSuppressed: Uint8Array = new Uint8Array(16);
  /** By pair: what is worth an offer to it; absent = the cluster's minimum. */
  readonly minimumOf: (Minimum | undefined)[] = [];
  readonly #dimensions: DimensionTable;
  /** By framework slot, in the order in which the pairs were made. */
  readonly #pairsOf: Map<Role, number>[] = [];
  readonly #holdings: number[] = [];
  readonly #isRanked: boolean[] = [];
  readonly #freePairs: number[] = [];
  #pairs = 0;
  readonly #pairsIn: number[] = [];
  readonly #weights = new Map<Role, number>();

  constructor(dimensions: DimensionTable) {
    this.#dimensions = dimensions;
    this.roleShares = new ShareTable(dimensions);
    this.pairShares = new ShareTable(dimensions);
    this.order = new Sorter(this.roleShares, dimensions);
  }

  /** A framework that nobody has registered yet may hold resources already: its agent came back first. */
  openFramework(frameworkId: string): number {
    const known = this.frameworks.slotOf(frameworkId);
    if (known !== NONE) return known;
    const framework = this.frameworks.take(frameworkId);
    this.takes = grownBytes(this.takes, framework + 1);
    this.isConnected = grownBytes(this.isConnected, framework + 1);
    this.takes[framework] = 0;
    this.isRegistered = grownBytes(this.isRegistered, framework + 1);
    this.isRegistered[framework] = 0;
    this.isConnected[framework] = 0;
    this.#pairsOf[framework] = new Map();
    return framework;
  }

  setCapabilities(framework: number, capabilities: readonly Capability[]): void {
    this.takes[framework] =
      (capabilities.includes("GPU_RESOURCES") ? TAKES_GPUS : 0) |
      (capabilities.includes("REVOCABLE_RESOURCES") ? TAKES_REVOCABLE : 0) |
      (capabilities.includes("SHARED_RESOURCES") ? TAKES_SHARED : 0);
  }

  pairsOf(framework: number): ReadonlyMap<Role, number> {
    return this.#pairsOf[framework]!;
  }

  pairOf(framework: number, role: Role): number {
    return this.#pairsOf[framework]!.get(role) ?? NONE;
  }

  openPair(framework: number, role: Role): number {
    const known = this.pairOf(framework, role);
    if (known !== NONE) return known;
    const pair = this.#freePairs.pop() ?? this.#pairs++;
    this.frameworkOf = grownInts(this.frameworkOf, pair + 1);
    this.roleOf = grownInts(this.roleOf, pair + 1);
    this.isSubscribed = grownBytes(this.isSubscribed, pair + 1);
    this.isSuppressed = grownBytes(this.isSuppressed, pair + 1);
    this.frameworkOf[pair] = framework;
    this.roleOf[pair] = this.openRole(role);
    this.isSubscribed[pair] = 0;
    this.isSuppressed[pair] = 0;
    this.minimumOf[pair] = undefined;
    this.#holdings[pair] = 0;
    this.#isRanked[pair] = false;
    this.#pairsIn[this.roleOf[pair]!]! += 1;
    this.#pairsOf[framework]!.set(role, pair);
    this.pairShares.add(pair, this.frameworks.idOf(framework), WEIGHT_MILLI_DEFAULT);
    return pair;
  }

  openRole(name: Role): number {
    const known = this.roles.slotOf(name);
    if (known !== NONE) return known;
    const role = this.roles.take(name);
    this.roleShares.add(role, name, this.#weights.get(name) ?? WEIGHT_MILLI_DEFAULT);
    this.orderIn[role] = new Sorter(this.pairShares, this.#dimensions);
    this.#pairsIn[role] = 0;
    return role;
  }

  /** Puts the pair in or takes it out of the order, after anything that decides on it has changed. */
  rank(pair: number): void {
    const role = this.roleOf[pair]!;
    const order = this.orderIn[role]!;
    const mayBeServed =
      this.isConnected[this.frameworkOf[pair]!] === 1 &&
      this.isSubscribed[pair] === 1 &&
      this.isSuppressed[pair] === 0;
    if (mayBeServed === this.#isRanked[pair]) return;
    this.#isRanked[pair] = mayBeServed;
    if (mayBeServed) {
      order.insert(pair);
      if (order.size === 1) this.order.insert(role);
    } else {
      order.remove(pair);
      if (order.size === 0) this.order.remove(role);
    }
  }

  isRanked(pair: number): boolean {
    return this.#isRanked[pair]!;
  }

  /** Before what a pair holds changes, and after: `charge` in between. */
  beginChange(pair: number): void {
    const role = this.roleOf[pair]!;
    const order = this.orderIn[role]!;
    if (order.size > 0) this.order.take(role);
    if (this.#isRanked[pair]) order.take(pair);
  }

  charge(pair: number, dimension: number, milli: number): void {
    this.pairShares.change(pair, dimension, milli);
    this.roleShares.change(this.roleOf[pair]!, dimension, milli);
  }

  countServed(pair: number): void {
    this.pairShares.countServed(pair);
    this.roleShares.countServed(this.roleOf[pair]!);
  }

  endChange(pair: number): void {
    const role = this.roleOf[pair]!;
    const order = this.orderIn[role]!;
    if (this.#isRanked[pair]) order.put(pair);
    if (order.size > 0) this.order.put(role);
  }

  countHolding(pair: number, change: 1 | -1): void {
    this.#holdings[pair]! += change;
  }

  weightMilliOf(role: Role): number {
    return this.#weights.get(role) ?? WEIGHT_MILLI_DEFAULT;
  }

  get weights(): ReadonlyMap<Role, number> {
    return this.#weights;
  }

  setWeight(name: Role, weightMilli: number): void {
    this.#weights.set(name, weightMilli);
    const role = this.roles.slotOf(name);
    if (role === NONE) return;
    const isRanked = this.orderIn[role]!.size > 0;
    if (isRanked) this.order.take(role);
    this.roleShares.setWeight(role, weightMilli);
    if (isRanked) this.order.put(role);
  }

  /** Forgets the pair, its role and its framework as far as nothing needs them any more. */
  dropIfIdle(pair: number): boolean {
    if (this.isSubscribed[pair] === 1 || this.#holdings[pair]! > 0) return false;
    assert(!this.#isRanked[pair], "a pair that is forgotten is not served");
    const framework = this.frameworkOf[pair]!;
    const role = this.roleOf[pair]!;
    this.#pairsOf[framework]!.delete(this.roles.idOf(role));
    this.#freePairs.push(pair);
    this.#pairsIn[role]! -= 1;
    if (this.#pairsIn[role] === 0) this.roles.release(role);
    return true;
  }

  dropFrameworkIfIdle(framework: number): void {
    if (!this.frameworks.isUsed(framework)) return;
    if (this.isRegistered[framework] === 0 && this.#pairsOf[framework]!.size === 0)
      this.frameworks.release(framework);
  }
}
