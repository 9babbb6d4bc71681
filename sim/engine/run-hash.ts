import type { ClusterInput } from "@bourse/cluster/inputs";
import { RollingHash } from "@bourse/model/hash";
import type { UpdateUuid } from "@bourse/model/ids";
import type { Probe } from "./probe.ts";

/**
 * One number for a whole run: the order of the master's inputs, each by its time, sender and kind and the ids that tell
 * it from others. Two runs that differ anywhere soon differ here. Whole messages would say little more and cost as much
 * as the scheduling.
 */
export class RunHash {
  readonly #hash = new RollingHash();
  readonly probe: Probe = {
    masterDecided: (now, input, effects) => {
      this.#hash.add(now.monoMs);
      addInput(this.#hash, input);
      this.#hash.add(effects.persist.length).add(effects.send.length);
    },
  };

  digest(): string {
    return this.#hash.digest();
  }
}

function addInput(hash: RollingHash, input: ClusterInput): void {
  hash.add(input.kind);
  switch (input.kind) {
    case "framework-call": {
      hash.add(input.session).add(input.call.kind);
      if (input.call.kind === "accept" || input.call.kind === "decline") {
        for (const offerId of input.call.offerIds) hash.add(offerId);
      } else if (input.call.kind === "acknowledge") addUuid(hash, input.call.uuid);
      return;
    }
    case "agent-message":
      hash.add(input.session).add(input.message.kind);
      if (input.message.kind === "update") addUuid(hash, input.message.update.status.uuid);
      return;
    case "framework-closed":
    case "agent-closed":
      hash.add(input.session);
      return;
    case "operator-call":
      hash.add(input.call);
      return;
    case "whitelist":
      hash.add(input.agents);
      return;
    case "wake":
    case "batch-end":
      return;
  }
}

/** A part of it: uuids are random, those that differ at all differ here, and most inputs have one. */
function addUuid(hash: RollingHash, uuid: UpdateUuid | undefined): void {
  if (uuid === undefined) return;
  let word = uuid.length;
  for (let index = 0; index < UUID_PART; index++)
    word = (Math.imul(word, 31) + uuid.charCodeAt(index)) | 0;
  hash.add(word);
}

const UUID_PART = 8;
