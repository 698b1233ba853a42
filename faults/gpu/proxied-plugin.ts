import { z } from 'zod';
import { type Given, type ProxySite, siteOn } from '../../clusters/plugin-proxy/control.ts';
import { faultOf, type Injection } from '../../clusters/plugin-proxy/injection.ts';
import { ProxyLine } from '../../clusters/plugin-proxy/log.ts';
import type { ClusterNode } from '../../clusters/port.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { reach } from '../../harness/radius/reach.ts';
import { type CommandUndo, stateOf, takeBack } from '../command-undo.ts';
import { leaseOf } from '../dead-man/dead-man.ts';
import type { HealRecord } from '../journal.ts';
import { runnerFor } from '../marks.ts';
import type { CapabilityAnswer, Fault, FaultContext, Gone, Seen } from '../port.ts';
import { allocatableOn } from './allocatable.ts';
import { freshAllocation } from './fresh-allocation.ts';
import { lostAllocations, type PodView, podsOn } from './pod-signs.ts';

/** Which plugin it is. */
export const ProxiedWith = {
  resource: z.string().default('nvidia.com/gpu'),
  /** The file name of its socket, where several plugins list the same devices. */
  plugin: z.string().optional(),
};

/** Where a fault of calls acts, and where the pod that tries whether the resource works again is put. */
export interface ProxiedAt {
  node: ClusterNode;
  namespace: string;
}

/** What was seen of the calls since the proxy stood in front. */
interface CallsSeen {
  lines: readonly ProxyLine[];
  /** Pods of the node that ask for the resource. */
  pods: readonly PodView[];
  /** What the kubelet says that it gave to which pod, of this resource. */
  given: readonly Given[];
  allocatable: number;
}

interface Proxied extends ProxiedAt {
  id: string;
  resource: string;
  plugin: string | undefined;
  injection: Injection;
  /** Whether the calls were altered, and the kubelet and its pods show it. */
  bitten(seen: CallsSeen, nowWall: number): Seen;
}

const IN_FRONT_MS = 10_000;
/** The kubelet writes its node’s status within 10 s of a change. */
const STEADY_MS = 3_000;
const POLL_MS = 200;

/** A fault of the calls to a node’s device plugin, whosever it is: by a proxy that registers in front of it. */
export function proxiedPlugin(wanted: Proxied): Fault {
  const { id, injection, node, plugin, resource } = wanted;
  const kind = faultOf(injection.kind);
  const source = `node/${node.name}`;
  const site = siteOn(node, resource);
  let vendor = '';
  let expected = 0;
  let started = false;
  let lines: ProxyLine[] = [];
  let held: Given[] = [];

  const drain = async ({ recorder }: FaultContext) => {
    if (!started) return;
    for (const text of await on().lines()) {
      const line = ProxyLine.parse(JSON.parse(text));
      lines.push(line);
      recorder.record(source, `proxy.${line.type}`, line);
    }
  };
  /** Where it is found capable, there is one. */
  const on = () => site as ProxySite;
  const giveBack = () => undoOf(on(), vendor, 'giveBack');

  return {
    id,
    kind,
    target: `gpu of ${node.name}`,
    reach: reach({ nodes: [node.name], resources: [resource] }),
    mechanisms: [`a proxy in front of ${plugin ?? 'the plugin'}`],
    async capability({ cluster }): Promise<CapabilityAnswer> {
      if (!site) return { ok: false, reason: `the kubelet’s sockets on ${node.name} are out of reach` };
      const found = await site.vendorOf(plugin);
      if ('reason' in found) return { ok: false, reason: `${node.name}: ${found.reason}` };
      vendor = found.endpoint;
      expected = await allocatableOn(cluster.kube, node.name, resource);
      if (expected === 0 || expected !== found.healthy) {
        const reason = `${expected} ${resource} allocatable on ${node.name}, and ${vendor} lists ${found.healthy}`;
        return { ok: false, reason };
      }
      return { ok: true, mechanism: `a proxy in front of ${vendor}` };
    },
    healRecord(): HealRecord {
      return { by: 'commands', undo: [undoOf(on(), vendor, 'sweep')] };
    },
    async inject(context) {
      const { clock, signal } = context;
      lines = [];
      started = true;
      await on().start({ vendor, injection, ...leaseOf(context) }, signal);
      // Until the kubelet has its list from the proxy, calls go past it.
      await waitFor(
        async () => {
          await drain(context);
          return lines.some(({ type }) => type === 'devices');
        },
        { what: `the kubelet of ${node.name} to watch the proxy`, deadlineMs: IN_FRONT_MS, clock, signal },
      );
      return { vendor, resource, devices: expected, injection };
    },
    async bite(context) {
      if (!started) return { seen: false, evidence: 'no proxy stands in front of the plugin' };
      await drain(context);
      const { kube } = context.cluster;
      const pods = await podsOn(kube, node.name, resource);
      const allocatable = await allocatableOn(kube, node.name, resource);
      const given = await on().given();
      return wanted.bitten({ lines, pods, given, allocatable }, context.clock.wall());
    },
    async heal(context) {
      try {
        await drain(context);
        if (lines.some(({ type }) => type === 'in-front') && !(await on().fronted())) {
          const evidence = 'the proxy was gone before it was told to be';
          context.recorder.record(`fault/${kind}`, 'fault.lapsed', { fault: id, evidence });
        }
        held = await on().given();
      } finally {
        // Also where nobody could look.
        const undo = giveBack();
        await takeBack(undo, runnerFor(undo));
      }
      await drain(context);
    },
    async gone(context): Promise<Gone> {
      if (await on().vanished()) return { seen: true, vanished: true, evidence: `gone with ${node.name}` };
      const undo = giveBack();
      if ((await stateOf(undo, runnerFor(undo))) === 'there') return { seen: false, evidence: undo.what };
      await drain(context);
      const steady = await steadily(context, node.name, resource, expected);
      if (!steady.seen) return steady;
      const { kube } = context.cluster;
      const lost = lostAllocations(held, await on().given(), await podsOn(kube, node.name, resource));
      if (lost.length > 0) return { seen: false, evidence: `${lost.join(', ')} lost what they held` };
      const fresh = await freshAllocation(context, wanted, resource);
      const kept = `${new Set(held.map(({ podUid }) => podUid)).size} pods kept what they held`;
      if (fresh.seen) await on().removeFiles();
      return { seen: fresh.seen, evidence: `${steady.evidence}; ${kept}; ${fresh.evidence}` };
    },
  };
}

/** @param as how it is given back: by the harness, which reads the files afterwards, or by others, who take them away */
function undoOf(site: ProxySite, vendor: string, as: 'giveBack' | 'sweep'): CommandUndo {
  const { elsewhere, giveBack, look, lookForAll, mark, sweep, what } = site.commands(vendor);
  // Who sweeps comes late where a keeper has given back before: there are files all the same.
  const by = as === 'sweep' ? { look: lookForAll, undo: sweep } : { look, undo: giveBack };
  return { what, machine: [], enter: [], mark, ...by, exact: elsewhere };
}

/** Whether so many are allocatable by the API server’s word, and stay so. */
async function steadily(
  { clock, cluster }: FaultContext,
  node: string,
  resource: string,
  expected: number,
): Promise<Seen> {
  const until = clock.mono() + STEADY_MS;
  for (;;) {
    const now = await allocatableOn(cluster.kube, node, resource);
    const evidence = `${now} of ${expected} ${resource} allocatable on ${node}`;
    if (now !== expected) return { seen: false, evidence };
    if (clock.mono() >= until) return { seen: true, evidence: `${evidence} for ${STEADY_MS} ms` };
    await clock.sleep(POLL_MS);
  }
}
