import { z } from 'zod';
import type { EdgeLink, Hop } from '../../clusters/network/port.ts';
import type { Fault } from '../port.ts';
import { type Change, change } from './change.ts';
import { goneOf, type Mechanism } from './mechanisms/mechanism.ts';
import { networkFault } from './network-fault.ts';

export const TunnelRestartWith = z.strictObject({});
export type TunnelRestartWith = z.infer<typeof TunnelRestartWith>;

/** WireGuard tells the time of a handshake in whole seconds. */
const RESOLUTION_MS = 1_000;

/** `network/tunnel-restart`: the edge's end of the tunnel goes down and comes up again; its session is lost. */
export function tunnelRestart(id: string, wanted: TunnelRestartWith, link: EdgeLink): Fault {
  return networkFault(id, 'network/tunnel-restart', link, wanted, [restart(link)]);
}

function restart(link: EdgeLink): Mechanism {
  const { path } = link;
  const down = path.kind === 'kernel' ? [leftDown(path.edge, path.interfaces.tunnel)] : [];
  let restartedAt: number | undefined;
  return {
    name: 'the tunnel’s end taken down and up',
    lacks: async () => undefined,
    inTheWay: async () => undefined,
    touches: down.flatMap(({ at }) => at ?? []),
    healRecord: () => ({ by: 'commands', undo: down.map(({ undo }) => undo) }),
    async inject({ clock }) {
      restartedAt = clock.mono();
      await link.restartTunnel();
    },
    async bite({ clock }) {
      if (restartedAt === undefined) return { seen: false, evidence: 'it was not restarted' };
      const { handshakeAgeMs } = await link.sample();
      const sinceMs = clock.mono() - restartedAt;
      return handshakeAgeMs === null
        ? { seen: true, evidence: 'the session is lost, and there is no new one yet' }
        : {
            seen: handshakeAgeMs < sinceMs + RESOLUTION_MS,
            evidence: `the last handshake is ${Math.round(handshakeAgeMs)} ms old, the restart ${Math.round(sinceMs)} ms`,
          };
    },
    async heal() {
      for (const change of down) await change.takeBack();
    },
    async gone() {
      const gone = await goneOf(down);
      return gone.seen && !gone.vanished ? { seen: true, evidence: 'the tunnel’s end is up' } : gone;
    },
  };
}

/** A restart that broke off in the middle. */
function leftDown(hop: Hop, device: string): Change {
  return change({
    what: `interface ${device} of ${hop.name} down`,
    hop,
    device,
    make: [],
    look: ['ip', '-j', 'link', 'show', 'dev', device],
    mark: '"operstate":"DOWN"',
    undo: ['ip', 'link', 'set', device, 'up'],
    inTheWay: async () => undefined,
  });
}
