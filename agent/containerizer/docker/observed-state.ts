import type { ContainerId } from "@bourse/model/ids";
import type { ContainerEvent } from "@bourse/task/inputs";
import type { ContainerInspectInfo } from "dockerode";
import type { StatusEncoder } from "../containerizer.ts";
import { exitText } from "../exit-text.ts";

export type ExitEvent = Extract<ContainerEvent, { kind: "exited" }>;

export function hasEnded({ State }: ContainerInspectInfo): boolean {
  return !State.Running && !State.Paused && !State.Restarting;
}

/** The end of a container as the engine remembers it. */
export function exitOf({ State }: ContainerInspectInfo): ExitEvent {
  const { ExitCode: exitCode, OOMKilled, Error: problem } = State;
  // Some process may have been killed for memory and the main one have ended well all the same.
  const isOutOfMemory = OOMKilled && exitCode !== 0;
  const message = problem !== "" ? problem : exitText(exitCode);
  return {
    kind: "exited",
    exitCode,
    isOutOfMemory,
    ...(message === undefined ? {} : { message }),
  };
}

/** An end of which nobody knows how it came. */
export function unknownExit(message: string): ExitEvent {
  return { kind: "exited", isOutOfMemory: false, message };
}

export function statusOf(
  containerId: ContainerId,
  { State, NetworkSettings }: ContainerInspectInfo,
  encodeStatus: StatusEncoder,
): Uint8Array {
  const networks = Object.values(NetworkSettings.Networks ?? {});
  const ipAddresses = networks
    .map((network) => network?.IPAddress ?? "")
    .filter((address) => address !== "");
  return encodeStatus({ containerId, ipAddresses, ...(State.Pid > 0 ? { pid: State.Pid } : {}) });
}
