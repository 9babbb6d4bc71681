import { ClusterError } from "@bourse/model/errors";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import fc, { type Arbitrary } from "fast-check";
import { describe, expect, test } from "vitest";
import { decode, encode, type MessageCodec } from "../codec.ts";
import * as messages from "../testdata/any-message.ts";
import * as operators from "../testdata/any-operator.ts";
import { agentDownlink, agentToMaster } from "./agent-gateway.ts";
import {
  clientFrame,
  eventsRequest,
  operatorCall,
  operatorEvent,
  operatorQuery,
  operatorReply,
  operatorView,
} from "./operator.ts";
import { relayFrame, relayRequest } from "./relay.ts";
import { frameworkCall, frameworkDownlink } from "./scheduler.ts";

/** One message out of each codec: what goes in comes out, and the library reads the same bytes the same way. */
function laws<T>(name: string, codec: MessageCodec<T>, any: Arbitrary<T>): void {
  describe(name, () => {
    test("what is encoded decodes to itself", () => {
      fc.assert(
        fc.property(any, (value) => {
          expect(decode(codec, encode(codec, value))).toEqual(value);
        }),
      );
    });

    test("the bytes are those of the .proto file: the library knows every field and writes them back", () => {
      fc.assert(
        fc.property(any, (value) => {
          const message = fromBinary(codec.schema, encode(codec, value));
          const again = toBinary(codec.schema, message, { writeUnknownFields: false });
          expect(decode(codec, again)).toEqual(value);
        }),
        { numRuns: 30 },
      );
    });

    test("damaged bytes are decoded or refused, and nothing else happens", () => {
      fc.assert(
        fc.property(any, fc.array(damage, { minLength: 1, maxLength: 4 }), (value, damages) => {
          decodesOrRefuses(
            codec,
            damages.reduce((bytes, hit) => hit(bytes), encode(codec, value)),
          );
        }),
      );
    });

    test("any bytes are decoded or refused, and nothing else happens", () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => decodesOrRefuses(codec, bytes)),
      );
    });
  });
}

function decodesOrRefuses<T>(codec: MessageCodec<T>, bytes: Uint8Array): void {
  try {
    decode(codec, bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(ClusterError);
    expect((error as ClusterError).code).toBe("invalid_call");
  }
}

type Damage = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

const damage: Arbitrary<Damage> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(255)).map(
    ([at, byte]): Damage =>
      (bytes) => {
        const changed = bytes.slice();
        if (changed.length > 0) changed[at % changed.length] = byte;
        return changed;
      },
  ),
  fc.nat().map(
    (at): Damage =>
      (bytes) =>
        bytes.slice(0, bytes.length === 0 ? 0 : at % bytes.length),
  ),
);

laws("FrameworkCall", frameworkCall, messages.anyFrameworkCall);
laws("FrameworkEvent", frameworkDownlink, messages.anyFrameworkEvent);
laws("AgentToMaster", agentToMaster, messages.anyAgentToMaster);
laws("MasterToAgent", agentDownlink, messages.anyMasterToAgent);
laws("RelayRequest", relayRequest, messages.anyRelayRequest);
laws("RelayFrame", relayFrame, messages.anyRelayFrame);
laws("OperatorCall", operatorCall, operators.anyOperatorCall);
laws("OperatorReply", operatorReply, operators.anyOperatorReply);
laws("OperatorQuery", operatorQuery, operators.anyOperatorQuery);
laws("OperatorView", operatorView, operators.anyOperatorView);
laws("OperatorEvent", operatorEvent, operators.anyOperatorEvent);
laws("EventsRequest", eventsRequest, operators.anyEventsRequest);
laws("ClientFrame", clientFrame, operators.anyClientFrame);
