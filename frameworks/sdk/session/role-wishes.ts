import type { Role } from "@bourse/model/ids";

export interface RoleWishesSnapshot {
  readonly suppressed: readonly Role[];
  readonly owed: readonly Role[];
}

/** For which roles the framework wants offers, whether or not a master is there to be told (FEATURES 3.3, K-11). */
export class RoleWishes {
  #all: readonly Role[];
  readonly #suppressed: Set<Role>;
  /** Revived while there was no master: the filters still have to be cleared. */
  readonly #owed: Set<Role>;

  constructor(all: readonly Role[], suppressed: Iterable<Role>, owed: Iterable<Role> = []) {
    this.#all = all;
    this.#suppressed = new Set(suppressed);
    this.#owed = new Set(owed);
  }

  snapshot(): RoleWishesSnapshot {
    return { suppressed: Array.from(this.#suppressed), owed: Array.from(this.#owed) };
  }

  /** What the next subscription states. */
  get suppressed(): readonly Role[] {
    return Array.from(this.#suppressed);
  }

  /** The framework subscribes to other roles from now on. */
  replace(all: readonly Role[], suppressed: readonly Role[]): void {
    this.#all = all;
    this.#suppressed.clear();
    for (const role of suppressed) this.#suppressed.add(role);
    for (const role of this.#owed) {
      if (!all.includes(role) || this.#suppressed.has(role)) this.#owed.delete(role);
    }
  }

  /** No roles given = all. */
  suppress(roles: readonly Role[]): void {
    for (const role of this.#orAll(roles)) {
      this.#suppressed.add(role);
      this.#owed.delete(role);
    }
  }

  revive(roles: readonly Role[], hasMaster: boolean): void {
    for (const role of this.#orAll(roles)) {
      this.#suppressed.delete(role);
      if (!hasMaster) this.#owed.add(role);
    }
  }

  /** Takes the revives that nobody was told of. */
  takeOwed(): readonly Role[] {
    const owed = Array.from(this.#owed);
    this.#owed.clear();
    return owed;
  }

  #orAll(roles: readonly Role[]): readonly Role[] {
    return roles.length === 0 ? this.#all : roles;
  }
}
