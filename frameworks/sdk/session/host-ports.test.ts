import { canonical, ranges, scalar } from "@bourse/model/resources";
import { describe, expect, test } from "vitest";
import { withFixedPorts } from "./host-ports.ts";
import { fit } from "./placement.ts";

const spec = {
  portMappings: [
    { hostPort: 31_005, containerPort: 80, protocol: "tcp" },
    { hostPort: 31_005, containerPort: 80, protocol: "udp" },
    { hostPort: 0, containerPort: 81, protocol: "tcp" },
  ],
} as const;
const wanted = withFixedPorts([scalar("cpus", 100)], spec);
const offer = (begin: number, end: number) =>
  canonical([scalar("cpus", 1000), ranges("ports", [{ begin, end }])]);

describe("a host port that a spec names", () => {
  test("is taken from the offer, beside the free ones, and only once for TCP and UDP", () => {
    const found = fit(offer(31_005, 31_009), { resources: wanted, ports: 1 });
    expect(found).toMatchObject({ isFit: true, ports: [31_006] });
    expect(found.isFit && found.taken).toEqual(
      canonical([scalar("cpus", 100), ranges("ports", [{ begin: 31_005, end: 31_006 }])]),
    );
  });

  test("keeps the task off an agent that does not offer it, and says so", () => {
    const found = fit(offer(32_000, 32_009), { resources: wanted, ports: 1 });
    expect(found).toMatchObject({ isFit: false, reasons: [{ code: "insufficient-ports" }] });
  });

  test("changes nothing where none is named", () => {
    const resources = [scalar("cpus", 100)];
    expect(withFixedPorts(resources, { portMappings: [] })).toBe(resources);
  });
});
