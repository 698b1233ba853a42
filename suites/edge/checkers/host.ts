import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target, tooFew } from '../../judged.ts';
import { type Outage, type Timeline, timelines } from '../connectivity.ts';
import { accountsFor, faultWindows } from '../fault-windows.ts';
import { recordDoubts } from '../record.ts';
import { pathDoubts, unseenDoubts } from './doubts.ts';

/** Probes sent in a stretch of the prober's own clock, and how many of them were answered. */
function probesWithin(
  { runs }: Timeline,
  fromMono: number,
  toMono: number,
): { sent: number; answered: number } {
  let sent = 0;
  let answered = 0;
  for (const run of runs) {
    const count = run.toSeq - run.fromSeq + 1;
    const step = count > 1 ? (run.toMono - run.fromMono) / (count - 1) : 1;
    // A run's probes lie evenly between its first and its last.
    const first = Math.max(0, Math.ceil((fromMono - run.fromMono) / (step || 1)));
    const last = Math.min(count - 1, Math.floor((toMono - run.fromMono) / (step || 1)));
    const within = Math.max(0, last - first + 1);
    sent += within;
    if (run.ok) answered += within;
  }
  return { sent, answered };
}

/** The silences of a host's own network that no fault was aimed at, or not to their end. */
export function unaimedOutages(
  history: History,
  { node, outages, toHistoryMs }: Timeline,
): (Outage & { node: string })[] {
  const aimed = faultWindows(history).filter((window) => window.host && window.node === node);
  return outages
    .filter(
      ({ fromMono, toMono }) =>
        !aimed.some((window) => accountsFor(window, fromMono + toHistoryMs, toMono + toHistoryMs)),
    )
    .map((outage) => ({ node, ...outage }));
}

/** EDGE-5: while the tunnel was cut, the host's own network was fine: the disconnects were the tunnel's. */
export function checkHost(history: History, target: Target): Judged {
  const all = timelines(history);
  const hosts = all.filter(({ path }) => path === 'host');
  const probes = hosts.reduce((sum, way) => sum + way.probes, 0);
  const doubts = [
    ...recordDoubts(history),
    ...pathDoubts(history, all, 'host'),
    ...pathDoubts(history, all, 'tunnel'),
    ...unseenDoubts(hosts, 1_000 * target.threshold),
    ...tooFew(probes, target),
  ];
  const outages = hosts.flatMap((way) => unaimedOutages(history, way));
  const longest = outages.sort((a, b) => b.ms - a.ms)[0];
  const seconds = (longest?.ms ?? 0) / 1_000;

  const cut = { tunnel: 0, tunnelAnswered: 0, host: 0, hostAnswered: 0 };
  for (const host of hosts) {
    const tunnel = all.find(({ node, path }) => node === host.node && path === 'tunnel');
    if (!tunnel) continue;
    if (tunnel.clock !== host.clock) {
      doubts.push(`the probes of ${host.node} are on two machines’ clocks`);
      continue;
    }
    for (const { fromMono, ms, toMono } of tunnel.outages) {
      if (ms < 2 * tunnel.intervalMs) continue;
      // The good probes at either end are not of the disconnect.
      const inside = [fromMono + tunnel.intervalMs / 2, toMono - tunnel.intervalMs / 2] as const;
      const byTunnel = probesWithin(tunnel, ...inside);
      const byHost = probesWithin(host, ...inside);
      cut.tunnel += byTunnel.sent;
      cut.tunnelAnswered += byTunnel.answered;
      cut.host += byHost.sent;
      cut.hostAnswered += byHost.answered;
    }
  }
  const signature =
    cut.tunnel === 0
      ? 'the tunnel had no disconnect'
      : `in the tunnel’s disconnects ${cut.tunnelAnswered} of ${cut.tunnel} probes were answered through it, ${cut.hostAnswered} of ${cut.host} by the host’s network`;
  const reason = longest
    ? `the host’s network was away for ${seconds.toFixed(2)} s at the most (${longest.node}); ${signature}`
    : `none of ${probes} probes by the host’s network was lost; ${signature}`;
  return judgeFigure(probes === 0 ? null : seconds, probes, target, 's', { reason, doubts });
}
