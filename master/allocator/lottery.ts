import type { Random } from "@bourse/model/random";
import { grownInts } from "./rows.ts";

/**
 * Draws tickets one after the other without putting them back, each with a chance in proportion to its weight
 * among those left: the order of a weighted shuffle, made only as far as somebody reads it. A tree of sums makes one
 * draw O(log tickets). Sums are always added up anew from their two halves, never subtracted from, so that nothing
 * drifts.
 */
export class Lottery {
  readonly #random: Random;
  #weights: Float64Array = new Float64Array(0);
  /** [node]: the sum of nodes 2n and 2n+1; tickets are the nodes from `#leaves` on. */
  #sums: Float64Array = new Float64Array(2);
  #leaves = 1;
  #drawn: Int32Array = new Int32Array(16);
  #drawnCount = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Ticket i has `weights[i]`, which is positive. Nothing is drawn yet. */
  fill(weights: Float64Array): void {
    let leaves = 1;
    while (leaves < weights.length) leaves *= 2;
    this.#weights = weights;
    this.#leaves = leaves;
    this.#sums = new Float64Array(leaves * 2);
    this.#sums.set(weights, leaves);
    for (let node = leaves - 1; node > 0; node--) this.#add(node);
    this.#drawn = grownInts(this.#drawn, weights.length);
    this.#drawnCount = 0;
  }

  /** All tickets are in again. */
  restart(): void {
    for (let index = 0; index < this.#drawnCount; index++) {
      const ticket = this.#drawn[index]!;
      this.#set(ticket, this.#weights[ticket]!);
    }
    this.#drawnCount = 0;
  }

  /** The index-th ticket drawn since `restart`; below the number of tickets. */
  at(index: number): number {
    while (this.#drawnCount <= index) {
      const ticket = this.#draw();
      this.#set(ticket, 0);
      this.#drawn[this.#drawnCount++] = ticket;
    }
    return this.#drawn[index]!;
  }

  #draw(): number {
    const sums = this.#sums;
    let rest = this.#random.fraction() * sums[1]!;
    let node = 1;
    while (node < this.#leaves) {
      const left = node * 2;
      // Rounding may leave a rest for a half that is empty.
      if (rest < sums[left]! || sums[left + 1] === 0) {
        node = left;
      } else {
        rest -= sums[left]!;
        node = left + 1;
      }
    }
    return node - this.#leaves;
  }

  #set(ticket: number, weight: number): void {
    let node = this.#leaves + ticket;
    this.#sums[node] = weight;
    for (node >>>= 1; node > 0; node >>>= 1) this.#add(node);
  }

  #add(node: number): void {
    this.#sums[node] = this.#sums[node * 2]! + this.#sums[node * 2 + 1]!;
  }
}
