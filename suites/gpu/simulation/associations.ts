import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { GpuNodeSettings } from '../../../clusters/gpu-node/settings.ts';
import { logNormal, type Quantiles } from '../../simulation/draw.ts';

/**
 * One node's driver, as the fake one has it: so many associations at once, in the order in which they are asked for, each
 * of which first holds the node's one lock. Whoever asks later holds up nobody, so that its end is known when it is asked for.
 */
export class Associations {
  readonly #settings: GpuNodeSettings;
  readonly #random: RandomGenerator;
  readonly #late: Quantiles | undefined;
  /** When each worker is free. */
  readonly #workers: Float64Array;
  #lockFree = 0;

  /** @param late by how much an association takes longer than the driver meant it to; undefined for never */
  constructor(settings: GpuNodeSettings, random: RandomGenerator, late?: Quantiles) {
    this.#settings = settings;
    this.#late = late;
    this.#random = random;
    this.#workers = new Float64Array(settings.workers);
  }

  /**
   * Asks at a time that is not before any asked at before.
   * @param extraMs what a fault adds
   * @returns when the association stands
   */
  associate(at: number, extraMs = 0): number {
    const { latencyMs, lockMs } = this.#settings;
    const worker = this.#firstFree();
    const [least, most] = latencyMs;
    const meant = least + (most - least) * uniformFloat64(this.#random) + extraMs;
    const locked = Math.min(lockMs, meant);
    const latency = meant + (this.#late ? logNormal(this.#late, this.#random) : 0);
    const from = Math.max(at, this.#workers[worker] as number, this.#lockFree);
    this.#lockFree = from + locked;
    this.#workers[worker] = from + latency;
    return from + latency;
  }

  #firstFree(): number {
    let first = 0;
    for (let worker = 1; worker < this.#workers.length; worker += 1)
      if ((this.#workers[worker] as number) < (this.#workers[first] as number)) first = worker;
    return first;
  }
}
