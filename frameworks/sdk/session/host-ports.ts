import type { PortMapping, TaskSpec } from "@bourse/model/container";
import { canonical, type Resources, ranges } from "@bourse/model/resources";

/** What a task needs with the host ports that its spec names: they are taken from an offer that has exactly them. */
export function withFixedPorts(resources: Resources, spec: TaskSpec): Resources {
  const fixed = (spec.portMappings ?? [])
    .map(({ hostPort }) => hostPort)
    .filter((port) => port > 0);
  if (fixed.length === 0) return resources;
  // One port may be mapped for TCP and for UDP; it is one resource.
  const list = [...new Set(fixed)].map((port) => ({ begin: port, end: port }));
  return canonical([...resources, ranges("ports", list)]);
}

/** How many host ports a task needs: those asked for, and at least one for each mapping that leaves it open (0). */
export function portsOf(spec: TaskSpec, asked: number): number {
  const open = (spec.portMappings ?? []).filter((mapping) => mapping.hostPort === 0).length;
  return Math.max(open, asked);
}

/** The spec with its host ports: open mappings take them in order; the task finds all in PORT0, PORT1, ... */
export function withPorts(spec: TaskSpec, hostPorts: readonly number[]): TaskSpec {
  if (hostPorts.length === 0) return spec;
  let used = 0;
  const portMappings = spec.portMappings?.map((mapping): PortMapping => {
    const hostPort = mapping.hostPort === 0 ? hostPorts[used++] : mapping.hostPort;
    return { ...mapping, hostPort: hostPort ?? 0 };
  });
  const environment: Record<string, string> = { ...spec.environment };
  for (const [index, port] of hostPorts.entries()) environment[`PORT${index}`] = String(port);
  return { ...spec, environment, ...(portMappings === undefined ? {} : { portMappings }) };
}
