import type { Change } from '../change.ts';
import type { Match, Port } from '../lanes.ts';
import { addHtbClass, addQdisc, addU32Filter, type QdiscSpec, type U32Match } from '../tc/arguments.ts';
import { OWN_HANDLE, OWN_LEAF, OWN_NUMBER, ownRoot } from '../tc/own.ts';

/** Minor numbers of the class of what does not match and of the class of what does. */
const OTHERS = 1;
const MATCHED = 2;

/** Puts what matches through a qdisc as it leaves a device: at the root for all, else in a class of an htb there. */
export function qdiscFor(port: Port, match: Match, tunnelPort: number, spec: QdiscSpec): Change {
  if (match === 'all') return ownRoot(port, spec);
  const { device } = port;
  const classOf = (minor: number) => `${OWN_HANDLE}${minor}`;
  return ownRoot(port, { kind: 'htb', defaultClass: OTHERS }, [
    addHtbClass(device, OWN_HANDLE, classOf(OTHERS)),
    addHtbClass(device, OWN_HANDLE, classOf(MATCHED)),
    addQdisc(device, classOf(MATCHED), OWN_LEAF, spec),
    ...u32Matches(match, tunnelPort).map((each) =>
      addU32Filter({ device, parent: OWN_HANDLE }, OWN_NUMBER, each, ['flowid', classOf(MATCHED)]),
    ),
  ]);
}

/** Where the qdisc is that `qdiscFor` makes. */
export function handleFor(match: Match): string {
  return match === 'all' ? OWN_HANDLE : OWN_LEAF;
}

/** A filter each; a datagram that one of them takes is taken. */
export function u32Matches(match: Match, tunnelPort: number): U32Match[] {
  if (match === 'all') return [{}];
  if (match === 'tunnel') return [{ udpTo: tunnelPort }];
  // The first byte behind the IP and UDP headers is a WireGuard message's type; 1 and 2 are the handshakes.
  return [1, 2].map((value) => ({ udpTo: tunnelPort, byte: { at: 28, value } }));
}
