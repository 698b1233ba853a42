import { z } from 'zod';
import type { EdgeLink, Hop } from '../../clusters/network/port.ts';
import type { CommandUndo } from '../command-undo.ts';
import { isThere, takeBack } from '../command-undo.ts';
import type { Fault } from '../port.ts';
import { placeOf } from './change.ts';
import type { Mechanism } from './mechanisms/mechanism.ts';
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
  const run = path.kind === 'kernel' ? path.edge.exec : undefined;
  let restartedAt: number | undefined;
  return {
    name: 'the tunnel’s end taken down and up',
    lacks: async () => undefined,
    inTheWay: async () => undefined,
    healRecord: () => ({ by: 'commands', undo: down }),
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
      for (const change of down) if (run) await takeBack(change, run);
    },
    async gone() {
      for (const change of down) {
        if (run && (await isThere(change, run))) return { seen: false, evidence: `${change.what} is down` };
      }
      return { seen: true, evidence: 'the tunnel’s end is up' };
    },
  };
}

/** A restart that broke off in the middle. */
function leftDown(hop: Hop, device: string): CommandUndo {
  return {
    what: `interface ${device} of ${hop.name} down`,
    ...placeOf(hop),
    look: ['ip', '-j', 'link', 'show', 'dev', device],
    mark: '"operstate":"DOWN"',
    undo: ['ip', 'link', 'set', device, 'up'],
  };
}
