import { CAPABILITIES, type FrameworkInfo, type KnownFramework } from "@bourse/model/framework";
import type { Role } from "@bourse/model/ids";
import type { Resources } from "@bourse/model/resources";
import {
  FrameworkInfo_MinAllocatableSchema,
  FrameworkInfoSchema,
  KnownFrameworkSchema,
} from "#gen/bourse/v1/framework_pb";
import { type FieldCodec, invalid, record } from "../codec.ts";
import { bool, bytes, id, integer, list, mapped, nested, optional, text, word } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { resourceList } from "./resource.ts";

export const roles = list(id(), LIMITS.roles);
export const capabilities = list(word(CAPABILITIES), LIMITS.capabilities);

interface MinAllocatable {
  readonly role: Role;
  readonly alternatives: readonly { readonly resources: Resources }[];
}

const minAllocatable: FieldCodec<ReadonlyMap<Role, readonly Resources[]>> = mapped(
  list(
    nested(
      record<MinAllocatable>(FrameworkInfo_MinAllocatableSchema, {
        role: id(),
        alternatives: list(nested(resourceList), LIMITS.resources),
      }),
    ),
    LIMITS.roles,
  ),
  (byRole: ReadonlyMap<Role, readonly Resources[]>) =>
    Array.from(byRole, ([role, lists]) => ({
      role,
      alternatives: lists.map((resources) => ({ resources })),
    })),
  (entries, label): ReadonlyMap<Role, readonly Resources[]> => {
    const byRole = new Map(
      entries.map(({ role, alternatives }) => [role, alternatives.map((entry) => entry.resources)]),
    );
    if (byRole.size !== entries.length) throw invalid(`${label} names a role twice`);
    return byRole;
  },
);

export const frameworkInfo = record<FrameworkInfo>(FrameworkInfoSchema, {
  user: text(),
  name: id(),
  roles,
  failoverTimeoutMs: integer(),
  isCheckpointing: bool(),
  capabilities,
  hostname: optional(text()),
  principal: optional(text()),
  webuiUrl: optional(text(LIMITS.sentence)),
  minAllocatable: optional(minAllocatable),
  payload: bytes(),
});

export const knownFramework = record<KnownFramework>(KnownFrameworkSchema, {
  frameworkId: id(),
  info: nested(frameworkInfo),
});
