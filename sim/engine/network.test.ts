import { describe, expect, test } from "vitest";
import { type Link, Network } from "./network.ts";
import { Simulation } from "./simulation.ts";

interface Heard {
  readonly link: Link<number, string>;
  readonly atServer: (number | string)[];
  readonly atClient: string[];
}

function connect(network: Network): Heard {
  const link = network.connect<number, string>("f1", "master");
  if (link === null) throw new Error("the two must be able to connect");
  const atServer: (number | string)[] = [];
  const atClient: string[] = [];
  link.server.listen(
    (message) => atServer.push(message),
    (cause) => atServer.push(cause),
  );
  link.client.listen(
    (message) => atClient.push(message),
    (cause) => atClient.push(cause),
  );
  return { link, atServer, atClient };
}

function network(seed: string): { simulation: Simulation; network: Network } {
  const simulation = new Simulation(seed);
  return { simulation, network: new Network(simulation, { minMs: 1, maxMs: 40 }) };
}

describe("a link", () => {
  test("keeps order, however long each message takes", () => {
    const { simulation, network: net } = network("1");
    const { link, atServer } = connect(net);
    for (let number = 0; number < 100; number++) link.client.send(number);
    simulation.runUntil(41);
    expect(atServer).toEqual(Array.from({ length: 100 }, (_, number) => number));
  });

  test("that breaks delivers a prefix and loses the rest, for every seed", () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 50; seed++) {
      const { simulation, network: net } = network(String(seed));
      const { link, atServer } = connect(net);
      for (let number = 0; number < 20; number++) {
        simulation.after(number * 4, () => link.client.send(number));
      }
      simulation.runUntil(45);
      link.break("reset", 0);
      simulation.runUntil(500);
      const numbers = atServer.filter((item) => typeof item === "number");
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index));
      expect(atServer.at(-1)).toBe("reset");
      lengths.add(numbers.length);
    }
    expect(lengths.size).toBeGreaterThan(3);
  });

  test("that breaks half-open swallows what is sent until each end notices by itself", () => {
    const { simulation, network: net } = network("2");
    const { link, atServer, atClient } = connect(net);
    link.break("partition", 10_000);
    link.client.send(1);
    simulation.runUntil(10_000);
    expect(atServer).toEqual(["partition"]);
    expect(atClient).toEqual(["partition"]);
  });

  test("that is closed still carries what was sent before, and the closing end hears nothing more", () => {
    const { simulation, network: net } = network("3");
    const { link, atServer, atClient } = connect(net);
    link.server.send("late");
    link.client.send(1);
    link.client.send(2);
    link.client.close("done");
    link.client.send(3);
    simulation.runUntil(1_000);
    expect(atServer).toEqual([1, 2, "done"]);
    expect(atClient).toEqual([]);
    expect(net.links).toEqual([]);
  });
});

test("an isolated node reaches nobody until the time is over", () => {
  const { simulation, network: net } = network("4");
  const { atServer } = connect(net);
  net.isolate("master", 100);
  expect(net.connect("f1", "master")).toBeNull();
  simulation.runUntil(100);
  expect(atServer).toEqual(["partition"]);
  expect(net.connect("f1", "master")).not.toBeNull();
});

describe("a partition", () => {
  const between = (
    side: readonly string[],
    others: readonly string[] | null,
    isOneWay = false,
  ) => ({
    side,
    others,
    isOneWay,
  });

  test.each<[what: string, partition: ReturnType<typeof between>, isCut: boolean]>([
    ["of the two cuts their link", between(["f1"], ["master"]), true],
    ["is the same from the other side", between(["master", "a1"], ["f2", "f1"]), true],
    ["of one from everybody else cuts it", between(["master"], null), true],
    ["with both on one side leaves it alone", between(["f1", "master"], null), false],
    ["of others leaves it alone", between(["a1"], ["master"]), false],
  ])("%s", (_what, partition, isCut) => {
    const { simulation, network: net } = network("5");
    const { atServer } = connect(net);
    net.partition(partition, 100);
    expect(net.connect("f1", "master") === null).toBe(isCut);
    simulation.runUntil(100);
    expect(atServer).toEqual(isCut ? ["partition"] : []);
    expect(net.connect("f1", "master")).not.toBeNull();
  });

  test("of one way loses what is sent that way, delivers the rest, and ends the link in the end", () => {
    const { simulation, network: net } = network("6");
    const { link, atServer, atClient } = connect(net);
    link.client.send(1);
    simulation.runUntil(50);
    net.partition(between(["f1"], ["master"], true), 10_000);
    expect(net.connect("f1", "master")).toBeNull();
    link.client.send(2);
    link.server.send("heard");
    simulation.runUntil(100);
    expect(atServer).toEqual([1]);
    expect(atClient).toEqual(["heard"]);
    simulation.runUntil(20_000);
    expect(atServer).toEqual([1, "partition"]);
    expect(atClient).toEqual(["heard", "partition"]);
  });

  test("two of them end each at its own time, and healing ends both", () => {
    const { simulation, network: net } = network("7");
    net.partition(between(["f1"], null), 50);
    net.partition(between(["master"], ["f1"]), 100);
    simulation.runUntil(60);
    expect(net.connect("f1", "master")).toBeNull();
    net.heal();
    expect(net.connect("f1", "master")).not.toBeNull();
  });
});
