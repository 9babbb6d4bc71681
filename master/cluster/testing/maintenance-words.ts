import type { Machine, MaintenanceWindow, Unavailability } from "@bourse/model/maintenance";
import type { MachineView } from "@bourse/model/operator";
import { WALL_ORIGIN_MS } from "./world.ts";

/** `h1,h2@60+30`: from second 60 on, for 30 seconds; for good without the last part. Nothing = an empty schedule. */
export function scheduleOf(words: readonly string[]): readonly MaintenanceWindow[] {
  return words
    .filter((word) => word !== "")
    .map((word) => {
      const [hosts = "", time = ""] = word.split("@");
      const [start, duration] = time.split("+");
      const startMs = WALL_ORIGIN_MS + Number(start) * 1000;
      const durationMs = duration === undefined ? {} : { durationMs: Number(duration) * 1000 };
      const machines = machinesOf(hosts === "" ? [] : hosts.split(","));
      return { machines, unavailability: { startMs, ...durationMs } };
    });
}

export function machinesOf(hostnames: readonly string[]): readonly Machine[] {
  return hostnames.map((hostname) => ({ hostname: hostname === "-" ? "" : hostname }));
}

export function formatUnavailability({ startMs, durationMs }: Unavailability): string {
  const forHow = durationMs === undefined ? "" : ` for ${durationMs / 1000} s`;
  return `away from ${(startMs - WALL_ORIGIN_MS) / 1000} s${forHow}`;
}

export function formatMachine(view: MachineView): string {
  const { machine, mode, unavailability, agentIds, answers } = view;
  const said = answers.map(
    ({ frameworkId, agentId, answer }) => `${frameworkId} on ${agentId}: ${answer}`,
  );
  const parts = [
    `${machine.hostname} ${mode}`,
    ...(unavailability === undefined ? [] : [formatUnavailability(unavailability)]),
    `agents ${agentIds.join(" ") || "none"}`,
    ...said,
  ];
  return parts.join("; ");
}
