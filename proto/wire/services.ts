import { assert } from "@bourse/model/assert";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { AgentGateway } from "#gen/bourse/v1/agent_gateway_pb";
import { Operator } from "#gen/bourse/v1/operator_pb";
import { Relay } from "#gen/bourse/v1/relay_pb";
import { Scheduler } from "#gen/bourse/v1/scheduler_pb";
import type { MessageCodec } from "./codec.ts";
import { agentDownlinkFrame, agentToMasterFrame } from "./messages/agent-gateway.ts";
import {
  clientFrame,
  eventsRequest,
  operatorCall,
  operatorEvent,
  operatorQuery,
  operatorReply,
  operatorView,
} from "./messages/operator.ts";
import { relayFrame, relayRequest } from "./messages/relay.ts";
import { frameworkCallFrame, frameworkDownlinkFrame } from "./messages/scheduler.ts";
import { type Method, method } from "./method.ts";

export type { Frame } from "./frame.ts";
export type { AgentDownlink } from "./messages/agent-gateway.ts";
export type { ClientFrame, EventsRequest } from "./messages/operator.ts";
export type { FrameworkDownlink } from "./messages/scheduler.ts";
export { type Inbound, isMalformed, type Method } from "./method.ts";

/** Framework <-> master: one bidirectional stream of frames. */
export const schedulerService = {
  session: bind(Scheduler.method.session, frameworkCallFrame, frameworkDownlinkFrame),
};

/** Agent <-> master: one bidirectional stream of frames. */
export const agentGatewayService = {
  session: bind(AgentGateway.method.session, agentToMasterFrame, agentDownlinkFrame),
};

/** The way back of a relay: the agent or framework opens it, its first frame is `attach`. */
export const relayService = {
  attach: bind(Relay.method.attach, relayFrame, relayFrame),
};

/** Operators: queries, changes, events, and streams that are relayed to agents and frameworks. */
export const operatorService = {
  query: bind(Operator.method.query, operatorQuery, operatorView),
  call: bind(Operator.method.call, operatorCall, operatorReply),
  events: bind(Operator.method.events, eventsRequest, operatorEvent),
  logs: bind(Operator.method.logs, relayRequest, relayFrame),
  exec: bind(Operator.method.exec, clientFrame, relayFrame),
  callFramework: bind(Operator.method.callFramework, clientFrame, relayFrame),
};

/** The generated method says path and kind; its message types must be those of the codecs. */
function bind<Request, Response>(
  descriptor: DescMethod & { readonly parent: DescService },
  request: MessageCodec<Request>,
  response: MessageCodec<Response>,
): Method<Request, Response> {
  assert(descriptor.input === request.schema, `${descriptor.name} takes ${request.schema.name}`);
  assert(descriptor.output === response.schema, `${descriptor.name} gives ${response.schema.name}`);
  return method({
    path: `/${descriptor.parent.typeName}/${descriptor.name}`,
    request,
    response,
    requestStream:
      descriptor.methodKind.startsWith("client") || descriptor.methodKind === "bidi_streaming",
    responseStream:
      descriptor.methodKind.startsWith("server") || descriptor.methodKind === "bidi_streaming",
  });
}
