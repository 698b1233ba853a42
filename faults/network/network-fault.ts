import { type AnyLink, CLOUD, RELAY } from '../../clusters/network/port.ts';
import { type NodeInterface, type Reach, reach } from '../../harness/radius/reach.ts';
import { breachOf } from '../contract.ts';
import type { CapabilityAnswer, Fault } from '../port.ts';
import type { Port } from './lanes.ts';
import type { Mechanism } from './mechanisms/mechanism.ts';

/**
 * A fault of a link by the first of its mechanisms that the link can take.
 * @param detail its parameters; where they say no `match`, it touches the tunnel alone
 */
export function networkFault(
  id: string,
  kind: string,
  link: Pick<AnyLink, 'node' | 'path'>,
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
    reach: reachOf(link, mechanisms, 'match' in detail && detail.match === 'all'),
    mechanisms: mechanisms.map(({ name }) => name),
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

/** Of every mechanism that may be taken, for which it will be is not known before the link was asked. */
function reachOf(
  { node, path }: Pick<AnyLink, 'node' | 'path'>,
  mechanisms: readonly Mechanism[],
  hostTraffic: boolean,
): Reach {
  const nodeOf = ({ hop }: Port) => (path.kind === 'kernel' && hop === path.cloud ? path.cloudNode : node);
  const ports = mechanisms.flatMap(({ touches }) => touches);
  const interfaces = ports.map((port) => ({ node: nodeOf(port) ?? CLOUD, device: port.device }));
  return reach({
    nodes: [...new Set([node, ...ports.flatMap((port) => nodeOf(port) ?? [])])],
    interfaces: path.kind === 'relay' ? [{ node, device: RELAY }] : distinct(interfaces),
    // On a way that was found it is the run’s own traffic alone.
    hostTraffic: hostTraffic && path.kind !== 'found' ? [node] : [],
  });
}

function distinct(interfaces: readonly NodeInterface[]): NodeInterface[] {
  return [...new Map(interfaces.map((each) => [`${each.device}/${each.node}`, each])).values()];
}
