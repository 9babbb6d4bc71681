import type { MachineView } from "@bourse/model/operator";
import { describe, expect, test } from "vitest";
import { machinesOf } from "./machines.ts";
import { refuseStrangers } from "./maintenance.ts";
import { parseWindows, timeOf, windowsOf, without } from "./maintenance-schedule.ts";

const NOW = Date.parse("2026-01-31T08:00:00Z");

describe("when a window begins", () => {
  test.each<[text: string, minutes: number]>([
    ["now", 0],
    ["+30m", 30],
    ["2026-01-31T09:00:00Z", 60],
    ["2026-01-31T10:00+01:00", 60],
    ["2026-01-31T07:00:00Z", -60],
  ])("%s", (text, minutes) => {
    expect(timeOf(text, "--start", NOW) - NOW).toBe(minutes * 60_000);
  });

  test.each(["", "soon", "2026-01-31", "2026-01-31T08:00:00", "2026-13-31T08:00:00Z", "08:00"])(
    "%j is refused: a time has its zone",
    (text) => {
      expect(() => timeOf(text, "--start", NOW)).toThrow(`--start ${JSON.stringify(text)}`);
    },
  );

  test("a negative while is refused", () => {
    expect(() => timeOf("+-1h", "--start", NOW)).toThrow("is not a duration");
  });
});

describe("a schedule file (M-71)", () => {
  test("is YAML or JSON", () => {
    const yaml = "- hosts: [n1, n2]\n  start: 2026-01-31T08:00:00Z\n  duration: 2h\n";
    const json = '[{"hosts":["n1","n2"],"start":"2026-01-31T08:00:00Z","duration":"2h"}]';
    const windows = [
      {
        machines: [{ hostname: "n1" }, { hostname: "n2" }],
        unavailability: { startMs: NOW, durationMs: 7_200_000 },
      },
    ];
    expect(parseWindows(yaml, "f")).toEqual(windows);
    expect(parseWindows(json, "f")).toEqual(windows);
    expect(parseWindows("[]", "f")).toEqual([]);
  });

  test.each<[text: string, said: string]>([
    ["", "f: it is not a list"],
    ["a: 1", "f: it is not a list"],
    ["- [", "f: "],
    ["- n1", "f: window 1: it is not an object"],
    ["- {start: now}", "f: window 1: hosts must be a list of names"],
    ["- {hosts: [], start: now}", "f: window 1: hosts must be a list of names"],
    ["- {hosts: [n1]}", "f: window 1: start must be a time"],
    ["- {hosts: [n1], start: later}", 'f: window 1: start "later" is not a time'],
    ["- {hosts: [n1], start: now, duration: 5}", "duration must be text like 2h"],
    ["- {hosts: [n1], start: now, duration: 0s}", 'duration "0s": a window has a length'],
    ["- {hosts: [n1], start: now, length: 5h}", "f: window 1: length is not known"],
    ["- {hosts: [a b], start: now}", '"a b" is not the name of a host'],
  ])("%j is refused with the window and what is wrong", (text, said) => {
    expect(() => parseWindows(text, "f")).toThrow(said);
  });
});

describe("machines", () => {
  test("are compared without case, and named once", () => {
    expect(() => machinesOf(["n1", "N1"])).toThrow("host N1 is named twice");
    expect(machinesOf(["n1", "n2.example"])).toEqual([
      { hostname: "n1" },
      { hostname: "n2.example" },
    ]);
  });

  const machine = (hostname: string, startMs?: number): MachineView => ({
    machine: { hostname },
    mode: "draining",
    agentIds: [],
    answers: [],
    ...(startMs !== undefined && { unavailability: { startMs } }),
  });

  test("with the same times make one window, the earliest window first", () => {
    const windows = windowsOf([machine("a", 9), machine("b", 5), machine("c", 9), machine("d")]);
    expect(windows.map(({ machines }) => machines.map(({ hostname }) => hostname))).toEqual([
      ["b"],
      ["a", "c"],
    ]);
  });

  test("leave the schedule; an empty window goes, an unknown host is refused", () => {
    const windows = windowsOf([machine("A", 9), machine("b", 5), machine("c", 9)]);
    const rest = without(windows, new Set(["a", "b"]));
    expect(rest.flatMap(({ machines }) => machines)).toEqual([{ hostname: "c" }]);
    expect(rest).toHaveLength(1);
    expect(() => without(windows, new Set(["x"]))).toThrow("host x is not scheduled");
  });
});

test("a machine that nobody took down is not brought up again: its name may be wrong (M-71)", () => {
  const listed = [{ machine: { hostname: "node-1" } }];
  expect(() => refuseStrangers([{ hostname: "NODE-1" }], listed)).not.toThrow();
  expect(() => refuseStrangers([{ hostname: "node-1" }, { hostname: "n2" }], listed)).toThrowError(
    expect.objectContaining({
      code: "not_found",
      message: "machine n2 is not down",
      hint: expect.stringContaining("bourse maintenance status"),
    }),
  );
});
