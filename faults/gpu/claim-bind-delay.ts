import { reach } from '../../harness/radius/reach.ts';
import type { Fault } from '../port.ts';
import type { OwnPluginAt } from './own-plugin.ts';

/** A DRA driver in the harness's own process, as a fault gets at it. */
export interface OwnDra {
  /** Bindings that came later for a delay. */
  readonly delayed: number;
  /** Sets by how much each binding that begins comes later. */
  delay(ms: number): void;
}

/** `gpu/claim-bind-delay`: binding a device to its ResourceClaim takes longer. */
export function claimBindDelay(
  id: string,
  { node, resource }: OwnPluginAt,
  driver: () => OwnDra,
  delayMs: () => number,
): Fault {
  const mechanism = 'the fake DRA driver binds later';
  let before = 0;
  let injected = false;
  return {
    id,
    kind: 'gpu/claim-bind-delay',
    target: `DRA driver of ${node.name}`,
    reach: reach({ nodes: [node.name], resources: [resource] }),
    mechanisms: [mechanism],
    capability: async () => ({ ok: true, mechanism }),
    healRecord: () => ({ by: 'lifeline', what: 'the driver ends with the harness' }),
    async inject() {
      before = driver().delayed;
      driver().delay(delayMs());
      injected = true;
      return { delayMs: delayMs() };
    },
    async bite() {
      if (!injected) return { seen: false, evidence: 'it was not injected' };
      const late = driver().delayed - before;
      return { seen: late > 0, evidence: `${late} devices were bound ${delayMs()} ms later` };
    },
    async heal() {
      driver().delay(0);
    },
    gone: async () => ({ seen: true, evidence: 'the driver binds at once' }),
  };
}
