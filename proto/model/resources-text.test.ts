import { expect, test } from "vitest";
import { formatResources } from "./resources.ts";
import { parseResources } from "./resources-text.ts";

test.each<[text: string, means: string]>([
  ["", "nothing"],
  ["cpus:4", "cpus:4"],
  [" cpus : 0.5 ; mem:1024; ", "cpus:0.5; mem:1024"],
  ["cpus:1;cpus:0.25", "cpus:1.25"],
  ["cpus:0", "nothing"],
  ["cpus:0.0004", "nothing"],
  ["cpus:0.3335", "cpus:0.334"],
  ["cpus:2;cpus(ads):8", "cpus:2; cpus(ads):8"],
  ["mem(eng/backend):512", "mem(eng/backend):512"],
  ["cpus(*):1", "cpus:1"],
  ["ports:[31000-31001, 31002-31005, 1-2]", "ports:[1-2,31000-31005]"],
  ["ports:[]", "nothing"],
  ["bugs:{b, a,b}", "bugs:{a,b}"],
  ["gpus:2", "gpus:2"],
  ['[{"name":"cpus","type":"SCALAR","scalar":{"value":1.5},"role":"ads"}]', "cpus(ads):1.5"],
  [
    '[{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":1,"end":2}]}},{"name":"s","type":"SET","set":{"item":["x"]}}]',
    "ports:[1-2]; s:{x}",
  ],
  [
    '[{"name":"mem","type":"SCALAR","scalar":{"value":8},"reservations":[{"type":"STATIC","role":"a/b"}]}]',
    "mem(a/b):8",
  ],
])("%s means %s (M-35)", (text, means) => {
  expect(formatResources(parseResources(text))).toBe(means);
});

test("a role in parentheses is a static reservation (M-32)", () => {
  expect(parseResources("cpus(ads):8")).toEqual([
    {
      name: "cpus",
      value: { type: "scalar", milli: 8000 },
      reservations: [{ type: "static", role: "ads" }],
    },
  ]);
});

test.each<[text: string, why: string]>([
  ["cpus", "resources: entry 1 `cpus`: an entry is written name:value or name(role):value"],
  ["cpus:1;mem:x", "resources: entry 2 `mem:x`: the value must be a number"],
  ["cpus:-1", "not negative"],
  ["cpus:1e3", "must be a number"],
  ["cpus:NaN", "must be a number"],
  ["cpus:", "must be a number"],
  ["cpus:1000000001", "above 1000000000"],
  [":1", "a name has letters"],
  ["constructor:[1-2", "ranges end with ]"],
  ["c p:1", "a name has letters"],
  ["cpus:[1-2]", "cpus is written as a number"],
  ["ports:5", "ports is written as ranges"],
  ["ports:[1-70000]", "ports lie between 0 and 65535"],
  ["ports:[5-1]", "the range 5-1 ends before it begins"],
  ["ports:[a-b]", "begin-end in whole numbers"],
  ["x:{a,}", "an item of a set is not empty"],
  ["gpus:0.5", "gpus are whole"],
  ["cpus(-x):1", "must not begin with -"],
  ["cpus(a//b):1", "an empty part"],
  ["cpus():1", "a role must not be empty"],
  ["cpus(a b):1", "blanks"],
  [`cpus:${"1".repeat(70_000)}`, "at most 65536 characters"],
  ["a:1;".repeat(1001), "at most 1000 entries, these are 1001"],
  ["[", "not valid JSON"],
  ["[1]", "resources[0]: must be an object"],
  ['[{"name":"cpus"}]', "resources[0].type: must be SCALAR, RANGES or SET"],
  ['[{"name":"cpus","type":"SCALAR"}]', "resources[0].scalar: must be an object"],
  [
    '[{"name":"cpus","type":"SCALAR","scalar":{"value":"1"}}]',
    "resources[0].scalar.value: must be a number",
  ],
  ['[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"disk":{}}]', "resources[0].disk"],
  [
    '[{"name":"p","type":"RANGES","ranges":{"range":[{"begin":0.5,"end":1}]}}]',
    "a range has whole numbers",
  ],
  [
    '[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"reservations":[{"type":"DYNAMIC","role":"a"}]}]',
    "one of type STATIC",
  ],
])("%.60s is refused: %s", (text, why) => {
  expect(() => parseResources(text)).toThrow(
    expect.objectContaining({
      code: "invalid_call",
      message: expect.stringContaining(why),
      hint: expect.stringContaining("cpus:4"),
    }),
  );
});

test("the refusal names the field it was given", () => {
  expect(() => parseResources("x", "--resources")).toThrow(/^--resources: entry 1/);
});
