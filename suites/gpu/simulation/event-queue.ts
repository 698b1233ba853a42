/** What is to happen, by when; what is due at one time comes in the order in which it was put in. A binary heap. */
export class EventQueue {
  #size = 0;
  #at = new Float64Array(1_024);
  #order = new Float64Array(1_024);
  #what = new Int32Array(1_024);
  #put = 0;

  /** When the next is due; infinity where there is none. */
  get next(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#at[0] as number);
  }

  put(at: number, what: number): void {
    if (this.#size === this.#at.length) this.#grow();
    let place = this.#size;
    this.#size += 1;
    const order = this.#put;
    this.#put += 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#before(at, order, parent)) break;
      this.#move(parent, place);
      place = parent;
    }
    this.#set(place, at, order, what);
  }

  /** Takes the next out. */
  take(): number {
    const first = this.#what[0] as number;
    this.#size -= 1;
    const last = this.#size;
    const [at, order, what] = [this.#at[last], this.#order[last], this.#what[last]] as [
      number,
      number,
      number,
    ];
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= last) break;
      if (
        child + 1 < last &&
        this.#before(this.#at[child + 1] as number, this.#order[child + 1] as number, child)
      )
        child += 1;
      if (this.#before(at, order, child)) break;
      this.#move(child, place);
      place = child;
    }
    this.#set(place, at, order, what);
    return first;
  }

  #before(at: number, order: number, place: number): boolean {
    const other = this.#at[place] as number;
    return at < other || (at === other && order < (this.#order[place] as number));
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#at[from] as number, this.#order[from] as number, this.#what[from] as number);
  }

  #set(place: number, at: number, order: number, what: number): void {
    this.#at[place] = at;
    this.#order[place] = order;
    this.#what[place] = what;
  }

  #grow(): void {
    const grown = <A extends Float64Array | Int32Array>(old: A): A => {
      const more = new (old.constructor as new (length: number) => A)(2 * old.length);
      more.set(old);
      return more;
    };
    this.#at = grown(this.#at);
    this.#order = grown(this.#order);
    this.#what = grown(this.#what);
  }
}
