import type { Role } from "@bourse/model/ids";
import type { Amount } from "@bourse/model/quota";
import { Random } from "@bourse/model/random";
import { beforeEach, expect, test } from "vitest";
import { DimensionTable } from "./kinds.ts";
import { QuotaTable } from "./quota.ts";
import { RoleTree } from "./role-tree.ts";

let tree: RoleTree;
let dimensions: DimensionTable;
let quota: QuotaTable;

beforeEach(() => {
  dimensions = new DimensionTable([]);
  dimensions.retain("disk"); // cpus must not be the first column.
  tree = new RoleTree(dimensions, "drf", Random.fromSeed(1));
  tree.retain("first"); // Nor any role that is asked about the first row.
  quota = new QuotaTable(tree, dimensions);
});

const cpus = (milli: number): readonly Amount[] => [{ name: "cpus", milli }];

function set(role: Role, bounds: { guarantee?: number; limit?: number }): void {
  const { guarantee, limit } = bounds;
  quota.set({
    role,
    guarantees: guarantee === undefined ? [] : cpus(guarantee),
    limits: limit === undefined ? [] : cpus(limit),
  });
  if (!quota.isKept) quota.start();
}

function consume(role: Role, milli: number): void {
  quota.charge(tree.retain(role), dimensions.retain("cpus"), milli);
}

function free(milli: number): void {
  quota.noteFree(dimensions.retain("cpus"), milli);
}

const bound = (role: Role) => quota.boundOf(tree.retain(role), dimensions.retain("cpus"));
const promised = (role: Role) => quota.promisedTo(tree.retain(role), dimensions.retain("cpus"));

test("a role without a limit on its way may have anything", () => {
  set("a", { limit: 10 });
  expect(bound("b")).toBe(Number.POSITIVE_INFINITY);
  expect(bound("ab")).toBe(Number.POSITIVE_INFINITY);
});

test("a role may have what its limit and those of its ancestors leave (A43)", () => {
  set("a", { limit: 10 });
  set("a/b", { limit: 8 });
  expect([bound("a"), bound("a/b"), bound("a/b/c"), bound("a/d")]).toEqual([10, 8, 8, 10]);
  consume("a/d", 5);
  expect([bound("a"), bound("a/b"), bound("a/b/c"), bound("a/d")]).toEqual([5, 5, 5, 5]);
  consume("a/b/c", 4);
  expect([bound("a"), bound("a/b"), bound("a/d")]).toEqual([1, 1, 1]);
  consume("a", 3); // By a reservation.
  expect([bound("a"), bound("a/b"), bound("a/d")]).toEqual([0, 0, 0]);
  consume("a/d", -5);
  expect([bound("a"), bound("a/b"), bound("a/d")]).toEqual([3, 3, 3]);
});

test("an unmet guarantee is kept back from everybody else (A29)", () => {
  set("a", { guarantee: 4 });
  free(10);
  expect([bound("b"), bound("a")]).toEqual([6, 10]);
  consume("a", 3);
  expect([bound("b"), promised("a")]).toEqual([9, 1]);
  consume("a", 3);
  expect([bound("b"), promised("a")]).toEqual([Number.POSITIVE_INFINITY, 0]);
});

test("a guarantee is given though less is free than guarantees need (A30)", () => {
  set("a", { guarantee: 4 });
  set("b", { guarantee: 4 });
  free(5);
  expect([bound("a"), bound("b"), bound("c")]).toEqual([4, 4, 0]);
});

test("what children need is part of what their parent needs", () => {
  set("a", { guarantee: 10 });
  set("a/b", { guarantee: 4 });
  free(10);
  expect([promised("a"), promised("a/b"), promised("a/c")]).toEqual([6, 10, 6]);
  expect([bound("a/b"), bound("a/c"), bound("other")]).toEqual([10, 6, 0]);
  consume("a/c", 8);
  // a lacks 2, but b needs 4.
  expect([promised("a"), promised("a/b"), promised("a/c")]).toEqual([0, 4, 0]);
  expect([bound("a/b"), bound("a/c"), bound("other")]).toEqual([10, 6, 6]);
});

test("a parent's limit keeps room for what its children are promised", () => {
  set("a", { guarantee: 5, limit: 10 });
  set("a/b", { guarantee: 5 });
  free(100);
  expect([bound("a/b"), bound("a/c"), bound("a")]).toEqual([10, 5, 5]);
  consume("a/c", 5);
  expect([bound("a/b"), bound("a/c")]).toEqual([5, 0]);
});

test("a guarantee below a role that has none is needed all the same", () => {
  set("a/b", { guarantee: 4 });
  free(10);
  expect([bound("a"), bound("a/b"), bound("c")]).toEqual([6, 10, 6]);
});

test("a quota that is changed or lifted leaves nothing behind", () => {
  set("a", { guarantee: 4, limit: 5 });
  free(10);
  set("a", { guarantee: 2 });
  expect([bound("a"), bound("b")]).toEqual([10, 8]);
  quota.set({ role: "a", guarantees: [], limits: [] });
  expect(quota.hasAny).toBe(false);
  expect([bound("a"), bound("b")]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  expect(quota.isAnyoneInNeed()).toBe(false);
});

test("a role stays in the tree while it has a quota, with its ancestors", () => {
  set("a/b", { limit: 1 });
  expect(tree.slots.slotOf("a")).not.toBe(-1);
  set("a/b", { limit: 2 });
  quota.set({ role: "a/b", guarantees: [], limits: [] });
  expect([tree.slots.slotOf("a/b"), tree.slots.slotOf("a")]).toEqual([-1, -1]);
});

test("a role lacks its guarantee until its subtree consumes as much of every name", () => {
  set("a", { guarantee: 4 });
  const other = tree.retain("b");
  set("b", { guarantee: 1 });
  const lacks = () => [tree.retain("a"), other].map((role) => quota.lacksGuarantee(role));
  expect(lacks()).toEqual([true, true]);
  consume("a/c", 3);
  consume("b", 1);
  expect(lacks()).toEqual([true, false]);
  consume("a", 1);
  expect(lacks()).toEqual([false, false]);
});

test("a role is full when cpus or mem of a limit on its way are used up, and not for a disk's", () => {
  set("a", { limit: 4 });
  quota.set({ role: "b", guarantees: [], limits: [{ name: "disk", milli: 1 }] });
  quota.charge(tree.retain("b"), dimensions.retain("disk"), 1);
  const full = () => ["a", "a/b", "b"].map((role) => quota.isFull(tree.retain(role)));
  consume("a/b", 3);
  expect(full()).toEqual([false, false, false]);
  consume("a", 1);
  expect(full()).toEqual([true, true, false]);
});

test("every change that may let somebody have more is a new version", () => {
  set("a", { limit: 4 });
  const versions = [quota.version];
  consume("a", 1);
  versions.push(quota.version);
  free(1);
  versions.push(quota.version);
  set("a", { limit: 5 });
  versions.push(quota.version);
  quota.stop();
  versions.push(quota.version);
  expect(new Set(versions).size).toBe(versions.length);
});

test("lists what is consumed and the quotas by name", () => {
  set("b", { limit: 1 });
  set("a", { guarantee: 1 });
  expect(quota.list().map(({ role }) => role)).toEqual(["a", "b"]);
  const role = tree.retain("a");
  quota.charge(role, dimensions.retain("mem"), 7);
  consume("a/c", 3);
  expect(quota.consumedOf(role)).toEqual([
    { name: "cpus", milli: 3 },
    { name: "mem", milli: 7 },
  ]);
});

test("more names and roles than there were columns for change nothing", () => {
  set("a", { guarantee: 3, limit: 5 });
  free(10);
  for (let index = 0; index < 20; index++) dimensions.retain(`x${index}`);
  for (let index = 0; index < 40; index++) tree.retain(`r${index}`);
  quota.charge(tree.retain("r39"), dimensions.retain("x19"), 1);
  expect([bound("a"), bound("r39")]).toEqual([5, 7]);
});
