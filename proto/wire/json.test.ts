import { ClusterError } from "@bourse/model/errors";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesFromJson, jsonFromBytes, type MesosMessageName } from "./json.ts";
import { composeTaskInfo, splitTaskInfo } from "./task.ts";
import { anyTask } from "./testdata/any-mesos.ts";

/** What the master makes of a client's JSON, written as the master would write it. */
function through(name: MesosMessageName, json: unknown): unknown {
  return JSON.parse(jsonFromBytes(name, bytesFromJson(name, JSON.stringify(json))));
}

const call = (json: object) => through("mesos.v1.scheduler.Call", json);
const info = { user: "root", name: "f1" };

describe("a client's JSON (MESOS-V1, JSON in)", () => {
  test.each<[rule: string, given: object, expected: object]>([
    [
      "null is absent, of a list too",
      { type: "REVIVE", framework_id: null, revive: { roles: null } },
      { type: "REVIVE", revive: {} },
    ],
    [
      "unknown fields are ignored",
      { type: "TEARDOWN", slave_id: { value: "s" }, x: 1 },
      { type: "TEARDOWN" },
    ],
    [
      "the names of JSON in other mappings are unknown fields",
      { type: "TEARDOWN", frameworkId: { value: "f" } },
      { type: "TEARDOWN" },
    ],
    [
      "an id may be empty",
      { type: "TEARDOWN", framework_id: { value: "" } },
      { type: "TEARDOWN", framework_id: { value: "" } },
    ],
    ["an unknown enum value is unset where it may be", { type: "NO_SUCH_CALL" }, {}],
    [
      "a bare object stands for a list of one",
      { type: "DECLINE", decline: { offer_ids: { value: "o1" }, filters: { refuse_seconds: 1 } } },
      {
        type: "DECLINE",
        decline: { offer_ids: [{ value: "o1" }], filters: { refuse_seconds: 1 } },
      },
    ],
    [
      "and so does bare text",
      { type: "REVIVE", revive: { roles: "r" } },
      { type: "REVIVE", revive: { roles: ["r"] } },
    ],
    [
      "numbers and flags may be text",
      {
        type: "SUBSCRIBE",
        subscribe: { framework_info: { ...info, failover_timeout: "1.5", checkpoint: "true" } },
      },
      {
        type: "SUBSCRIBE",
        subscribe: { framework_info: { ...info, failover_timeout: 1.5, checkpoint: true } },
      },
    ],
    [
      "and so may infinity",
      { type: "DECLINE", decline: { filters: { refuse_seconds: "Infinity" } } },
      { type: "DECLINE", decline: { filters: { refuse_seconds: "Infinity" } } },
    ],
    [
      "bytes are base64",
      {
        type: "MESSAGE",
        message: { agent_id: { value: "a" }, executor_id: { value: "e" }, data: "AQID" },
      },
      {
        type: "MESSAGE",
        message: { agent_id: { value: "a" }, executor_id: { value: "e" }, data: "AQID" },
      },
    ],
  ])("%s", (_, given, expected) => {
    expect(call(given)).toEqual(expected);
  });

  test.each<[field: string, given: unknown]>([
    ["Call is not an object", []],
    ["Call.type is not the name", { type: 1 }],
    ["Call.framework_id.value is missing", { type: "TEARDOWN", framework_id: {} }],
    ["Call.framework_id is not an object", { type: "TEARDOWN", framework_id: "f1" }],
    ["Call.framework_id.value is not text", { type: "TEARDOWN", framework_id: { value: 1 } }],
    [
      "Call.subscribe.framework_info.user is missing",
      { subscribe: { framework_info: { name: "f" } } },
    ],
    [
      "framework_info.failover_timeout is not a number",
      { subscribe: { framework_info: { ...info, failover_timeout: "soon" } } },
    ],
    [
      "framework_info.checkpoint is neither",
      { subscribe: { framework_info: { ...info, checkpoint: 1 } } },
    ],
    ["accept.offer_ids[1].value is missing", { accept: { offer_ids: [{ value: "o" }, {}] } }],
    [
      "Call.acknowledge.uuid",
      { acknowledge: { agent_id: { value: "a" }, task_id: { value: "t" }, uuid: "?" } },
    ],
  ])("%s: refused", (field, given) => {
    const read = () => bytesFromJson("mesos.v1.scheduler.Call", JSON.stringify(given));
    expect(read).toThrow(ClusterError);
    expect(read).toThrow(field.includes("uuid") ? /uuid/ : field);
  });

  test("what is not JSON is refused", () => {
    expect(() => bytesFromJson("mesos.v1.scheduler.Call", "{")).toThrow("is not JSON");
  });

  test("nesting without end is refused", () => {
    const deep = `${'{"value":"c","parent":'.repeat(500)}null${"}".repeat(500)}`;
    const text = `{"type":"WAIT_CONTAINER","wait_container":{"container_id":${deep}}}`;
    expect(() => bytesFromJson("mesos.v1.agent.Call", text)).toThrow("too deeply");
  });

  test("a duration is a message, as Mesos writes it", () => {
    const drain = { agent_id: { value: "a" }, max_grace_period: { seconds: "60", nanos: 5 } };
    expect(
      bytesFromJson(
        "mesos.v1.master.Call",
        JSON.stringify({ type: "DRAIN_AGENT", drain_agent: drain }),
      ),
    ).not.toHaveLength(0);
  });

  test("any JSON is read or refused, and nothing else happens", () => {
    const key = fc.constantFrom(
      "type",
      "subscribe",
      "framework_info",
      "accept",
      "offer_ids",
      "value",
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, 1, -1.5, "", "1", "SUBSCRIBE"),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(key, tie("tree"), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (json) => {
        try {
          bytesFromJson("mesos.v1.scheduler.Call", JSON.stringify(json));
        } catch (error) {
          expect(error).toBeInstanceOf(ClusterError);
        }
      }),
    );
  });
});

describe("the master's JSON", () => {
  test("any task comes back from its JSON, but for fields without a name", () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        const json = jsonFromBytes("mesos.v1.TaskInfo", composeTaskInfo(task));
        const again = splitTaskInfo(bytesFromJson("mesos.v1.TaskInfo", json));
        expect({ ...again, payload: 0, executor: 0 }).toEqual({ ...task, payload: 0, executor: 0 });
      }),
    );
  });

  test("is ASCII without a newline, and numbers are numbers whatever their size", () => {
    const task = {
      name: "n\u00e9\n\u{1f600}",
      task_id: { value: "t" },
      agent_id: { value: "a" },
      resources: [
        { name: "p", type: "RANGES", ranges: { range: [{ begin: 1, end: "9007199254740993" }] } },
      ],
    };
    const bytes = bytesFromJson("mesos.v1.TaskInfo", JSON.stringify(task));
    expect(jsonFromBytes("mesos.v1.TaskInfo", bytes)).toBe(
      '{"name":"n\\u00e9\\n\\ud83d\\ude00","task_id":{"value":"t"},"agent_id":{"value":"a"},' +
        '"resources":[{"name":"p","type":"RANGES","ranges":{"range":[{"begin":1,"end":9007199254740993}]}}]}',
    );
  });

  test("has the defaults of the .proto file, unless deprecated", () => {
    expect(call({ type: "DECLINE", decline: { filters: {} } })).toEqual({
      type: "DECLINE",
      decline: { filters: { refuse_seconds: 5 } },
    });
    expect(through("mesos.v1.FrameworkInfo", info)).toEqual({
      ...info,
      failover_timeout: 0,
      checkpoint: false,
    });
  });
});
