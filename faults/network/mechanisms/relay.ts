import type { RelayPath } from '../../../clusters/network/port.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { leaseOf, leaseUntil } from '../../dead-man/dead-man.ts';
import { addImpairment, relayState, removeImpairment } from '../impairments.ts';
import type { ImpairmentSpec } from '../spec.ts';
import type { Mechanism } from './mechanism.ts';

/** A relay looks every 20 ms. */
const LOOK_MS = 10;
const APPLY_MS = 10_000;

/** The link's own relay is asked for the impairment, and says what it touched. */
export function relay(path: RelayPath, id: string, spec: ImpairmentSpec): Mechanism {
  const state = () => relayState(path.state);
  const touched = async () => (await state())?.touched[id] ?? 0;
  // One of the same id may have been here before.
  let before = Number.POSITIVE_INFINITY;
  const applied = async () => (await state())?.applied.includes(id) ?? false;
  return {
    name: 'relay',
    lacks: async () =>
      (await state()) === undefined ? `the link’s relay has not written ${path.state}` : undefined,
    inTheWay: async () => ((await applied()) ? `the relay has an impairment ${id} already` : undefined),
    touches: [],
    healRecord: () => ({ by: 'impairment', file: path.impairments, id }),
    async inject(context) {
      before = await touched();
      const { clock, signal } = context;
      const untilWall = leaseUntil(clock.wall(), leaseOf(context));
      await addImpairment(path.impairments, { ...spec, id, untilWall });
      await waitFor(applied, {
        what: `${id} to be applied by the relay`,
        deadlineMs: APPLY_MS,
        intervalMs: LOOK_MS,
        clock,
        signal,
      });
    },
    async bite() {
      const count = (await touched()) - before;
      return { seen: count > 0, evidence: `touched by the relay: ${count}` };
    },
    heal: () => removeImpairment(path.impairments, id),
    async gone() {
      const still = await applied();
      return { seen: !still, evidence: still ? 'the relay still applies it' : 'the relay has let go of it' };
    },
  };
}
