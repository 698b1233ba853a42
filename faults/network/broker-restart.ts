import { z } from 'zod';
import type { History } from '../../harness/history/event.ts';
import { reach } from '../../harness/radius/reach.ts';
import type { Fault } from '../port.ts';

/** The broker goes away for as long as the fault is held. */
export const BrokerRestartWith = z.strictObject({});

/** The broker as a fault gets at it. */
export interface BrokerControl {
  turn(up: boolean): Promise<void>;
  /** By the broker's own ledger. */
  isUp(history: History): boolean;
  /** Publishers that lost their connection, by their own ledgers, since an event's number. */
  disconnected(history: History, sinceSeq: number): number;
}

const MECHANISM = 'the broker’s program is told to';

/**
 * `network/broker-restart`: the cloud's broker ends and comes back with the sessions that it had.
 * @param node of the cluster that the broker runs on, where it is one
 */
export function brokerRestart(id: string, broker: BrokerControl, node?: string): Fault {
  let since = Number.POSITIVE_INFINITY;
  return {
    id,
    kind: 'network/broker-restart',
    target: 'the cloud’s broker',
    reach: reach({ nodes: node === undefined ? [] : [node], resources: ['broker'] }),
    mechanisms: [MECHANISM],
    capability: async () => ({ ok: true, mechanism: MECHANISM }),
    healRecord: () => ({ by: 'lifeline', what: 'the cloud’s program ends with the harness' }),
    async inject({ recorder }) {
      since = recorder.events.length;
      await broker.turn(false);
    },
    async bite(_context, history) {
      const lost = broker.disconnected(history, since);
      return { seen: lost > 0, evidence: `${lost} connections of publishers were lost` };
    },
    heal: () => broker.turn(true),
    async gone({ recorder }) {
      const up = broker.isUp(recorder.events);
      return { seen: up, evidence: up ? 'the broker is up again' : 'the broker is still down' };
    },
  };
}
