import type { EdgeLink } from '../../clusters/network/port.ts';
import { breachOf } from '../contract.ts';
import type { CapabilityAnswer, Fault } from '../port.ts';
import type { Mechanism } from './mechanisms/mechanism.ts';

/** A fault of a link by the first of its mechanisms that the link can take. */
export function networkFault(
  id: string,
  kind: string,
  link: EdgeLink,
  detail: object,
  mechanisms: readonly Mechanism[],
): Fault {
  let taken: Mechanism | undefined;
  const mechanism = () => {
    if (taken) return taken;
    throw breachOf({ id, kind }, 'FAULT_STEP_SKIPPED', 'using it', 'it was not found capable');
  };
  const choose = async (): Promise<CapabilityAnswer> => {
    const lacking: string[] = [];
    for (const candidate of mechanisms) {
      const lacks = await candidate.lacks();
      if (lacks !== undefined) {
        lacking.push(`${candidate.name}: ${lacks}`);
        continue;
      }
      const inTheWay = await candidate.inTheWay();
      if (inTheWay !== undefined) {
        return { ok: false, reason: `${inTheWay}, and what is not ours is left alone` };
      }
      taken = candidate;
      return { ok: true, mechanism: candidate.name };
    }
    return { ok: false, reason: lacking.join('; ') || 'no mechanism of this link does that' };
  };
  return {
    id,
    kind,
    target: `link of ${link.node}`,
    capability: choose,
    healRecord: () => mechanism().healRecord(),
    async inject(context) {
      await mechanism().inject(context);
      return detail;
    },
    bite: (context) => mechanism().bite(context),
    heal: () => mechanism().heal(),
    gone: () => mechanism().gone(),
  };
}
