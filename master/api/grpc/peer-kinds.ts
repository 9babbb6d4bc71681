import type { AgentToMaster } from "@bourse/model/agent-messages";
import type { FrameworkCall } from "@bourse/model/scheduler";
import {
  type AgentDownlink,
  agentDownlink,
  agentDownlinkFrame,
} from "@bourse/proto/wire/messages/agent-gateway";
import {
  type FrameworkDownlink,
  frameworkDownlink,
  frameworkDownlinkFrame,
} from "@bourse/proto/wire/messages/scheduler";
import { packedFrameOf } from "./packed-frame.ts";
import type { SessionKind } from "./session.ts";

/** Streams of frameworks: `bourse.v1.Scheduler/Session`. */
export const FRAMEWORKS: SessionKind<FrameworkCall, FrameworkDownlink> = {
  name: "framework",
  message: frameworkDownlink,
  pack: packedFrameOf(frameworkDownlinkFrame, frameworkDownlink),
  toInput: (session, call) => ({ principal: null, kind: "framework-call", session, call }),
  toClosed: (session, cause) => ({ principal: null, kind: "framework-closed", session, cause }),
  peerOf: (event) => (event.kind === "subscribed" ? event.frameworkId : null),
};

/** Streams of agents: `bourse.v1.AgentGateway/Session`. */
export const AGENTS: SessionKind<AgentToMaster, AgentDownlink> = {
  name: "agent",
  message: agentDownlink,
  pack: packedFrameOf(agentDownlinkFrame, agentDownlink),
  toInput: (session, message) => ({ principal: null, kind: "agent-message", session, message }),
  toClosed: (session, cause) => ({ principal: null, kind: "agent-closed", session, cause }),
  peerOf: (message) =>
    message.kind === "registered" || message.kind === "reregistered" ? message.agentId : null,
};
