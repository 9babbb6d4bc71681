import type { OfferConstraints, RoleConstraints } from "@bourse/model/constraints";
import type { FrameworkInfo } from "@bourse/model/framework";
import type { FrameworkId, Role } from "@bourse/model/ids";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { RoleWishes, type RoleWishesSnapshot } from "./role-wishes.ts";
import type { SessionConfig } from "./session-io.ts";

export interface SubscriptionSnapshot {
  readonly info: FrameworkInfo;
  readonly roles: RoleWishesSnapshot;
  readonly offerConstraints: readonly (readonly [Role, RoleConstraints])[] | null;
}

/** What the next subscription states of the framework: who it is, and which offers it wants. */
export class Subscription {
  readonly roles: RoleWishes;
  #info: FrameworkInfo;
  #offerConstraints: OfferConstraints | null;

  constructor(config: SessionConfig) {
    this.#info = config.info;
    this.roles = new RoleWishes(config.info.roles, config.suppressedRoles ?? []);
    this.#offerConstraints = config.offerConstraints ?? null;
  }

  static restore(config: SessionConfig, snapshot: SubscriptionSnapshot): Subscription {
    const { info, roles, offerConstraints } = snapshot;
    const restored = new Subscription({ ...config, info, suppressedRoles: roles.suppressed });
    for (const role of roles.owed) restored.roles.revive([role], false);
    restored.#offerConstraints = offerConstraints === null ? null : new Map(offerConstraints);
    return restored;
  }

  snapshot(): SubscriptionSnapshot {
    const constraints = this.#offerConstraints;
    return {
      info: this.#info,
      roles: this.roles.snapshot(),
      offerConstraints: constraints === null ? null : Array.from(constraints),
    };
  }

  get info(): FrameworkInfo {
    return this.#info;
  }

  /** The framework is another from now on, whether or not a master is there to be told. */
  update(call: Extract<FrameworkCall, { kind: "update-framework" }>): void {
    this.#info = call.info;
    this.#offerConstraints = call.offerConstraints ?? null;
    this.roles.replace(call.info.roles, call.suppressedRoles);
  }

  call(frameworkId: FrameworkId | null, epochSeen: number): FrameworkCall {
    const constraints = this.#offerConstraints;
    return {
      kind: "subscribe",
      ...(frameworkId === null ? {} : { frameworkId }),
      info: this.#info,
      suppressedRoles: this.roles.suppressed,
      ...(constraints === null ? {} : { offerConstraints: constraints }),
      epochSeen,
    };
  }
}
