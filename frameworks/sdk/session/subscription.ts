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
  readonly isUntold: boolean;
}

/** What the next subscription states of the framework: who it is, and which offers it wants. */
export class Subscription {
  readonly roles: RoleWishes;
  #info: FrameworkInfo;
  #offerConstraints: OfferConstraints | null;
  /** Something changed after the newest subscription was written: while it is under way nothing else can be told. */
  #isUntold = false;

  constructor(config: SessionConfig) {
    this.#info = config.info;
    this.roles = new RoleWishes(config.info.roles, config.suppressedRoles ?? []);
    this.#offerConstraints = config.offerConstraints ?? null;
  }

  static restore(config: SessionConfig, snapshot: SubscriptionSnapshot): Subscription {
    const { info, roles, offerConstraints, isUntold } = snapshot;
    const restored = new Subscription({ ...config, info, suppressedRoles: roles.suppressed });
    for (const role of roles.owed) restored.roles.revive([role], false);
    restored.#offerConstraints = offerConstraints === null ? null : new Map(offerConstraints);
    restored.#isUntold = isUntold;
    return restored;
  }

  snapshot(): SubscriptionSnapshot {
    const constraints = this.#offerConstraints;
    return {
      info: this.#info,
      roles: this.roles.snapshot(),
      offerConstraints: constraints === null ? null : Array.from(constraints),
      isUntold: this.#isUntold,
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
    this.#isUntold = true;
  }

  /** No roles given = all. */
  suppress(roles: readonly Role[]): void {
    this.roles.suppress(roles);
    this.#isUntold = true;
  }

  call(frameworkId: FrameworkId | null, epochSeen: number): FrameworkCall {
    this.#isUntold = false;
    return {
      kind: "subscribe",
      ...(frameworkId === null ? {} : { frameworkId }),
      ...this.#wishes(),
      epochSeen,
    };
  }

  /** Once subscribed: what changed while the subscription was under way, or null. */
  takeUntold(): FrameworkCall | null {
    if (!this.#isUntold) return null;
    this.#isUntold = false;
    return { kind: "update-framework", ...this.#wishes() };
  }

  #wishes() {
    const constraints = this.#offerConstraints;
    return {
      info: this.#info,
      suppressedRoles: this.roles.suppressed,
      ...(constraints === null ? {} : { offerConstraints: constraints }),
    };
  }
}
