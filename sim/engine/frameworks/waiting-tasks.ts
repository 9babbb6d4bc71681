/**
 * The tasks that wait, one line for each class of tasks. Within a line the lowest number, which is the earliest
 * arrival, comes first; a task that is tried again goes back to where it was. Rows of thousands cost as much as rows
 * of one.
 */
export class WaitingTasks {
  readonly #lines: readonly Line[];
  /** Lines that are not empty, in no order. */
  readonly #open: number[] = [];
  readonly #placeOf: Int32Array;
  #count = 0;

  constructor(classCount: number) {
    this.#lines = Array.from({ length: classCount }, () => new Line());
    this.#placeOf = new Int32Array(classCount).fill(-1);
  }

  get count(): number {
    return this.#count;
  }

  /** Classes with somebody waiting. Read it before the next change. */
  get open(): readonly number[] {
    return this.#open;
  }

  isOpen(line: number): boolean {
    return this.#placeOf[line] !== -1;
  }

  /** The first of a line that is not empty. */
  headOf(line: number): number {
    return (this.#lines[line] as Line).head;
  }

  /** Tasks that arrive: from `from` up to `until`, all of them later than any that came before. */
  push(line: number, from: number, until: number): void {
    (this.#lines[line] as Line).push(from, until);
    this.#added(line, until - from);
  }

  /** One that comes back. */
  putBack(line: number, index: number): void {
    (this.#lines[line] as Line).putBack(index);
    this.#added(line, 1);
  }

  take(line: number): number {
    const index = (this.#lines[line] as Line).take();
    this.#count -= 1;
    if ((this.#lines[line] as Line).isEmpty) this.#close(line);
    return index;
  }

  #added(line: number, count: number): void {
    this.#count += count;
    if (this.#placeOf[line] !== -1) return;
    this.#placeOf[line] = this.#open.length;
    this.#open.push(line);
  }

  #close(line: number): void {
    const place = this.#placeOf[line] as number;
    const last = this.#open.pop() as number;
    if (last !== line) {
      this.#open[place] = last;
      this.#placeOf[last] = place;
    }
    this.#placeOf[line] = -1;
  }
}

/** Ranges of tasks that have not been tried, ascending, and those that are to be tried again. */
class Line {
  #from: number[] = [];
  #until: number[] = [];
  #first = 0;
  /** Descending: the next is the last. */
  readonly #again: number[] = [];

  get isEmpty(): boolean {
    return this.#again.length === 0 && this.#first === this.#from.length;
  }

  get head(): number {
    const again = this.#again[this.#again.length - 1] ?? Number.POSITIVE_INFINITY;
    const fresh = this.#from[this.#first] ?? Number.POSITIVE_INFINITY;
    return again < fresh ? again : fresh;
  }

  push(from: number, until: number): void {
    const last = this.#until.length - 1;
    if (last >= this.#first && this.#until[last] === from) {
      this.#until[last] = until;
      return;
    }
    this.#from.push(from);
    this.#until.push(until);
  }

  putBack(index: number): void {
    let low = 0;
    let high = this.#again.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#again[middle] as number) > index) low = middle + 1;
      else high = middle;
    }
    this.#again.splice(low, 0, index);
  }

  take(): number {
    const index = this.head;
    if (this.#again.length > 0 && this.#again[this.#again.length - 1] === index) {
      this.#again.pop();
      return index;
    }
    this.#from[this.#first] = index + 1;
    if (index + 1 === this.#until[this.#first]) this.#first += 1;
    if (this.#first >= 1_024 && this.#first * 2 > this.#from.length) this.#trim();
    return index;
  }

  #trim(): void {
    this.#from = this.#from.slice(this.#first);
    this.#until = this.#until.slice(this.#first);
    this.#first = 0;
  }
}
