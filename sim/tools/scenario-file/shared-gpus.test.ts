import { expect, test } from "vitest";
import { readScenario } from "./read-scenario-file.ts";

const scenario = (resources: string, size: string): string => `
duration: 1m
agents: [{ name: a, resources: { cpus: 4, mem: 1GiB, ${resources} } }]
frameworks: [{ name: f, kind: batch, load: [{ at: 0s, size: { cpus: 1, ${size} } }] }]
`;

test.each<[resources: string, size: string, warning: RegExp | null]>([
  ["gpu0: 1, gpu1: 1", "gpus: 2", null],
  ["gpu0: 1, gpu1: 1", "gpus: 3", /no agent has 3 gpus/],
  ["gpu0: 0.5, gpu1: 1", "gpus: 2", /no agent has 2 gpus/],
  ["gpus: 2", "gpus: 2", /without the capability GPU_RESOURCES/],
  ["gpus: 1", "gpus: 2", /no agent has 2 gpus/],
])("with %s, a task of %s: %s", async (resources, size, warning) => {
  const origin = { name: "x.yaml", directory: "." };
  const { warnings } = await readScenario(scenario(resources, size), origin);
  expect(warnings).toEqual(warning === null ? [] : [expect.stringMatching(warning)]);
});
