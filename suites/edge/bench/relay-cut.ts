import { Impairment, type RelayPath } from '../../../clusters/network/port.ts';
import { addImpairment, relayState, removeImpairment } from '../../../faults/network/impairments.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { machineClock } from '../workload/program.ts';
import type { Truth } from './blackouts.ts';
import type { Cutter } from './outages.ts';

const ID = 'blackout';
/** The relay looks at its file every 20 ms, and writes down what it applies at once. */
const LOOK_MS = 2;
const APPLY_MS = 5_000;

/** Cuts a link of the process lab in its relay. The end is the impairment's own deadline, which the relay keeps to the datagram. */
export class RelayCutter implements Cutter {
  readonly #path: RelayPath;
  readonly #signal: AbortSignal;

  constructor(path: RelayPath, signal: AbortSignal) {
    this.#path = path;
    this.#signal = signal;
  }

  async blackout(ms: number): Promise<Truth> {
    const { impairments, state } = this.#path;
    const untilWall = machineClock.wall() + ms;
    await addImpairment(impairments, Impairment.parse({ id: ID, untilWall, match: 'all', loss: 100 }));
    let unseen = machineClock.mono();
    await waitFor(
      async () => {
        const now = machineClock.mono();
        if ((await relayState(state))?.applied.includes(ID)) return true;
        unseen = now;
        return false;
      },
      {
        what: 'the blackout in the relay',
        deadlineMs: APPLY_MS,
        intervalMs: LOOK_MS,
        clock: machineClock,
        signal: this.#signal,
      },
    );
    const cut = [unseen, machineClock.mono()] as const;
    const end = untilWall - machineClock.wall() + machineClock.mono();
    await machineClock.sleep(Math.max(0, end - machineClock.mono()), this.#signal);
    await removeImpairment(impairments, ID);
    return { cut, mended: [end, end] };
  }

  async close(): Promise<void> {
    await removeImpairment(this.#path.impairments, ID);
  }
}
