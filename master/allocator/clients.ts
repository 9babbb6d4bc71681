import { assert } from "@bourse/model/assert";
import type { Capability } from "@bourse/model/framework";
import type { Role } from "@bourse/model/ids";
import type { Random } from "@bourse/model/random";
import { DrfSorter } from "./drf-sorter.ts";
import type { DimensionTable } from "./kinds.ts";
import type { Minimum } from "./minimum.ts";
import type { SorterKind } from "./options.ts";
import { RandomSorter } from "./random-sorter.ts";
import { RoleTree, WEIGHT_MILLI_DEFAULT } from "./role-tree.ts";
import { grownBytes, grownFloats, grownInts } from "./rows.ts";
import { ShareTable } from "./shares.ts";
import { NONE, Slots } from "./slots.ts";
import type { Sorter } from "./sorter.ts";

/** Flags of what a framework can take (FEATURES M-19). */
export const TAKES_GPUS = 1;
export const TAKES_REVOCABLE = 2;
export const TAKES_SHARED = 4;
export const TAKES_REFINED = 8;
export const TAKES_REMOTE = 16;

/** Which order who is put in, and the chance that a random one takes. */
export interface ClientSorting {
  readonly roleSorter: SorterKind;
  readonly frameworkSorter: SorterKind;
  readonly chance: SortingChance;
}

/** A stream each: another sorter for the roles changes nothing for the frameworks. */
export interface SortingChance {
  readonly roles: Random;
  readonly frameworks: Random;
}

/**
 * Who may be served: frameworks, roles, and pairs (a framework in one of its roles). A pair is what holds
 * resources, has filters and can be suppressed. It lives while the framework has the role or holds something
 * under it. Roles are a tree (`RoleTree`); a pair belongs to one node of it, a leaf or not.
 */
export class ClientTable {
  readonly frameworks = new Slots();
  readonly tree: RoleTree;
  /** Of the tree: inner nodes have slots too. */
  readonly roles: Slots;
  readonly pairShares: ShareTable;
  /** By role slot: its pairs that may be served. */
  readonly orderIn: Sorter[] = [];
  takes: Uint8Array = new Uint8Array(16);
  /** 0 for a framework that is known only by what it holds. */
  isRegistered: Uint8Array = new Uint8Array(16);
  isConnected: Uint8Array = new Uint8Array(16);
  /** By framework: allocations until its next budget (FEATURES A-6); Infinity = no bound. */
  offersLeft: Float64Array = new Float64Array(16);
  frameworkOf: Int32Array = new Int32Array(16);
  roleOf: Int32Array = new Int32Array(16);
  isSubscribed: Uint8Array = new Uint8Array(16);
  isSuppressed: Uint8Array = new Uint8Array(16);
  /** Pairs that may be served. */
  rankedCount = 0;
  /** Grows with every change that may let a client have what it could not have before. */
  version = 0;
  /** By pair: `version` at its last such change. */
  changedAt: Float64Array = new Float64Array(16);
  /** By pair: what is worth an offer to it; absent = the cluster's minimum. */
  readonly minimumOf: (Minimum | undefined)[] = [];
  readonly #dimensions: DimensionTable;
  readonly #sorting: ClientSorting;
  /** By framework slot, in the order in which the pairs were made. */
  readonly #pairsOf: Map<Role, number>[] = [];
  readonly #holdings: number[] = [];
  readonly #isRanked: boolean[] = [];
  readonly #freePairs: number[] = [];
  #pairs = 0;

  constructor(dimensions: DimensionTable, sorting: ClientSorting) {
    this.#dimensions = dimensions;
    this.#sorting = sorting;
    this.tree = new RoleTree(dimensions, sorting.roleSorter, sorting.chance.roles);
    this.roles = this.tree.slots;
    this.pairShares = new ShareTable(dimensions);
  }

  /** By role slot; NONE at the top. */
  get parentOf(): Int32Array {
    return this.tree.parentOf;
  }

  /**
   * A new agent is looked at. `nextRole` then gives each role that has a pair which may be served, in the order in
   * which they are served, and NONE after the last. Nothing that decides on the order may change on the way.
   */
  startRoles(): void {
    this.tree.start();
  }

  nextRole(): number {
    return this.tree.next();
  }

  /** The slot of a role that somebody refers to (quota, reservations): it and its ancestors stay till released. */
  retainRole(name: Role): number {
    const role = this.tree.retain(name);
    this.#openOrder(role);
    return role;
  }

  releaseRole(role: number): void {
    this.tree.release(role);
  }

  get chance(): SortingChance {
    return this.#sorting.chance;
  }

  get weights(): ReadonlyMap<Role, number> {
    return this.tree.weights;
  }

  /** A role is there while its weight is not the default. */
  setWeight(role: Role, weightMilli: number): void {
    this.tree.setWeight(role, weightMilli);
  }

  /** A framework that nobody has registered yet may hold resources already: its agent came back first. */
  openFramework(frameworkId: string): number {
    const known = this.frameworks.slotOf(frameworkId);
    if (known !== NONE) return known;
    const framework = this.frameworks.take(frameworkId);
    this.takes = grownBytes(this.takes, framework + 1);
    this.isConnected = grownBytes(this.isConnected, framework + 1);
    this.takes[framework] = 0;
    this.offersLeft = grownFloats(this.offersLeft, framework + 1);
    this.offersLeft[framework] = Number.POSITIVE_INFINITY;
    this.isRegistered = grownBytes(this.isRegistered, framework + 1);
    this.isRegistered[framework] = 0;
    this.isConnected[framework] = 0;
    this.#pairsOf[framework] = new Map();
    return framework;
  }

  setCapabilities(framework: number, capabilities: readonly Capability[]): void {
    this.takes[framework] = takesOf(capabilities);
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
    this.changedAt = grownFloats(this.changedAt, pair + 1);
    this.isSubscribed = grownBytes(this.isSubscribed, pair + 1);
    this.isSuppressed = grownBytes(this.isSuppressed, pair + 1);
    this.frameworkOf[pair] = framework;
    this.roleOf[pair] = this.tree.addPair(role);
    this.#openOrder(this.roleOf[pair]!);
    this.isSubscribed[pair] = 0;
    this.isSuppressed[pair] = 0;
    this.minimumOf[pair] = undefined;
    this.#holdings[pair] = 0;
    this.#isRanked[pair] = false;
    this.#pairsOf[framework]!.set(role, pair);
    this.pairShares.add(pair, this.frameworks.idOf(framework), WEIGHT_MILLI_DEFAULT);
    return pair;
  }

  /** Puts the pair in or takes it out of the order, after anything that decides on it has changed. */
  rank(pair: number): void {
    const role = this.roleOf[pair]!;
    const order = this.orderIn[role]!;
    const framework = this.frameworkOf[pair]!;
    const mayBeServed =
      this.isConnected[framework] === 1 &&
      this.offersLeft[framework]! > 0 &&
      this.isSubscribed[pair] === 1 &&
      this.isSuppressed[pair] === 0;
    if (mayBeServed === this.#isRanked[pair]) return;
    this.#isRanked[pair] = mayBeServed;
    this.rankedCount += mayBeServed ? 1 : -1;
    if (mayBeServed) this.noteEasier(pair);
    if (mayBeServed) order.insert(pair);
    else order.remove(pair);
    this.tree.setServable(role, order.size > 0);
  }

  /** The pair may get offers now that it could not get before: it is served, takes more, refuses less. */
  noteEasier(pair: number): void {
    this.version++;
    this.changedAt[pair] = this.version;
  }

  isRanked(pair: number): boolean {
    return this.#isRanked[pair]!;
  }

  /** What a pair holds changes; `noteChange` when that is over. */
  charge(pair: number, dimension: number, milli: number): void {
    this.pairShares.change(pair, dimension, milli);
    this.tree.charge(this.roleOf[pair]!, dimension, milli);
  }

  countServed(pair: number): void {
    this.pairShares.countServed(pair);
    this.tree.countServed(this.roleOf[pair]!);
  }

  noteChange(pair: number): void {
    const role = this.roleOf[pair]!;
    if (this.#isRanked[pair]) this.orderIn[role]!.touch(pair);
    this.tree.noteChange(role);
  }

  countHolding(pair: number, change: 1 | -1): void {
    this.#holdings[pair]! += change;
  }

  /** Forgets the pair, its role and its framework as far as nothing needs them any more. */
  dropIfIdle(pair: number): boolean {
    if (this.isSubscribed[pair] === 1 || this.#holdings[pair]! > 0) return false;
    assert(!this.#isRanked[pair], "a pair that is forgotten is not served");
    const framework = this.frameworkOf[pair]!;
    const role = this.roleOf[pair]!;
    this.#pairsOf[framework]!.delete(this.roles.idOf(role));
    this.#freePairs.push(pair);
    this.tree.removePair(role);
    return true;
  }

  dropFrameworkIfIdle(framework: number): void {
    if (!this.frameworks.isUsed(framework)) return;
    if (this.isRegistered[framework] === 0 && this.#pairsOf[framework]!.size === 0)
      this.frameworks.release(framework);
  }

  #openOrder(role: number): void {
    this.orderIn[role] ??=
      this.#sorting.frameworkSorter === "drf"
        ? new DrfSorter(this.pairShares, this.#dimensions)
        : new RandomSorter(this.pairShares, this.#sorting.chance.frameworks);
  }
}

/** Flags of what a framework with these capabilities can take. */
export function takesOf(capabilities: readonly Capability[]): number {
  return (
    (capabilities.includes("GPU_RESOURCES") ? TAKES_GPUS : 0) |
    (capabilities.includes("REVOCABLE_RESOURCES") ? TAKES_REVOCABLE : 0) |
    (capabilities.includes("SHARED_RESOURCES") ? TAKES_SHARED : 0) |
    (capabilities.includes("RESERVATION_REFINEMENT") ? TAKES_REFINED : 0) |
    (capabilities.includes("REGION_AWARE") ? TAKES_REMOTE : 0)
  );
}
