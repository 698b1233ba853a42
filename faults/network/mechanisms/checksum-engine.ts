import type { KernelPath } from '../../../clusters/network/port.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { startAt } from '../background.ts';
import { type Change, change } from '../change.ts';
import type { Match } from '../lanes.ts';
import { addU32Filter, redirectTo } from '../tc/arguments.ts';
import { OWN_NUMBER, ownClsact } from '../tc/own.ts';
import { tcLacks } from '../tc/probe.ts';
import { redirected } from '../tc/state.ts';

import type { Part } from './mechanism.ts';
import { u32Matches } from './qdisc-for.ts';

/** Into the engine, and out of it. */
const INTO = 'ordeal-t0';
const OUT_OF = 'ordeal-t1';
/** The start of a program in a guest on a busy machine took ten seconds and more. */
const LISTENING_MS = 30_000;

/**
 * A NIC whose checksum engine is broken, towards the cloud: what matches leaves the NIC's bridge for a relay over packet
 * sockets. With TX offload on, the kernel hands it frames whose checksum is half made, and it puts them on the wire as
 * they are; with TX offload off they are whole.
 */
export function checksumEngine(path: KernelPath, match: Match): Part {
  const { interfaces, nic, tunnelPort } = path;
  const from = { hop: nic, device: interfaces.nicEdge };
  return {
    name: 'relay NIC (tc redirect, socat)',
    async lacks() {
      const { exitCode } = await nic.exec(['socat', '-V']);
      if (exitCode !== 0) return `there is no socat on ${nic.name}`;
      return await tcLacks(nic, 'redirect');
    },
    changes: [
      engine(path),
      ownClsact(
        from,
        OWN_NUMBER,
        u32Matches(match, tunnelPort).map((each) =>
          addU32Filter({ block: OWN_NUMBER }, OWN_NUMBER, each, redirectTo(INTO, OWN_NUMBER)),
        ),
      ),
    ],
    async touched() {
      return { 'through the broken checksum engine': await redirected(from, OWN_NUMBER) };
    },
  };
}

/** The relay ends by itself when its interface goes. */
function engine({ interfaces, nic }: KernelPath): Change {
  const look = ['ip', '-j', 'link', 'show', 'dev', INTO];
  const quiet = (device: string) => ['ip', 'link', 'set', device, 'addrgenmode', 'none', 'up'];
  return change({
    what: `interface ${INTO} of ${nic.name}`,
    hop: nic,
    device: interfaces.nicCloud,
    make: [['ip', 'link', 'add', INTO, 'type', 'veth', 'peer', 'name', OUT_OF], quiet(INTO), quiet(OUT_OF)],
    afterwards: async () => {
      startAt(nic, ['socat', '-u', `INTERFACE:${OUT_OF}`, `INTERFACE:${interfaces.nicCloud}`]);
      const index = await nic.exec(['cat', `/sys/class/net/${OUT_OF}/ifindex`]);
      await waitFor(() => listens(index.stdout.trim()), {
        what: `the relay on ${OUT_OF} of ${nic.name}`,
        deadlineMs: LISTENING_MS,
        intervalMs: 20,
      });
    },
    look,
    mark: `"ifname":"${INTO}"`,
    undo: ['ip', 'link', 'del', INTO],
    inTheWay: async () =>
      (await nic.exec(look)).exitCode === 0 ? `an interface ${INTO} is in ${nic.name} already` : undefined,
  });

  /** Whether a packet socket is bound to the interface; socat binds the other one before it relays. */
  async function listens(index: string): Promise<boolean> {
    const sockets = await nic.exec(['cat', '/proc/net/packet']);
    return sockets.stdout
      .split('\n')
      .slice(1)
      .some((line) => line.trim().split(/\s+/)[4] === index);
  }
}
