import type { AgentInfo, Attribute, FaultDomain } from "@bourse/model/agent";
import {
  AgentInfoSchema,
  AttributeSchema,
  AttributeValueSchema,
  FaultDomainSchema,
} from "#gen/bourse/v1/agent_pb";
import { record, union } from "../codec.ts";
import { bytes, id, integer, list, nested, optional, port, text } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { ranges, resources } from "./resource.ts";

const attribute = record<Attribute>(AttributeSchema, {
  name: id(),
  value: nested(
    union<Attribute["value"], "type">(AttributeValueSchema, "type", {
      scalar: { milli: integer(Number.MIN_SAFE_INTEGER) },
      ranges: { ranges },
      text: { text: text(LIMITS.sentence) },
    }),
  ),
});

export const attributes = list(nested(attribute), LIMITS.attributes);

export const faultDomain = record<FaultDomain>(FaultDomainSchema, { region: id(), zone: id() });

export const agentInfo = record<AgentInfo>(AgentInfoSchema, {
  hostname: id(),
  port: port(),
  resources,
  attributes,
  domain: optional(nested(faultDomain)),
  version: text(),
  payload: bytes(),
});
