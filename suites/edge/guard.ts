import type { EdgeLink } from '../../clusters/network/port.ts';
import type { Cluster } from '../../clusters/port.ts';
import type { SuiteContext } from '../../harness/run/ports.ts';
import type { Recording } from './recording.ts';
import type { EdgeSettings } from './settings.ts';
import { eventAlert, receiveAlerts, webhookAlert } from './watchdog/alerts.ts';
import { startWatchdog } from './watchdog/watchdog.ts';

/** A look at the tunnel costs a command on its node. */
const LOOK_MS = 500;

/** A watchdog for each link, and the one on duty whom its webhook reaches. */
export async function startGuard(
  { clock, cluster, undo }: SuiteContext<Cluster>,
  links: readonly EdgeLink[],
  namespace: string,
  settings: EdgeSettings,
  record: Recording,
): Promise<void> {
  const receiver = await receiveAlerts(({ node, reason, restart }) =>
    record('alert.received', { node, reason, restart }),
  );
  undo.push('stop taking alerts', () => receiver.close());
  const alerts = [eventAlert(cluster.kube, namespace), webhookAlert(receiver.url)];
  const watchdogs = links.map((tunnel) =>
    startWatchdog(
      {
        node: tunnel.node,
        lookEveryMs: LOOK_MS,
        deafAfterMs: settings.watchdogDeafAfter,
        backOffMs: settings.watchdogBackOff,
        backOffMostMs: settings.watchdogBackOffMost,
      },
      {
        tunnel,
        alerts,
        onRestart: ({ node, reason, restart }) => record('watchdog.restarted', { node, reason, restart }),
        onTrouble: (what) => record('watchdog.trouble', { node: tunnel.node, what }),
        clock,
      },
    ),
  );
  undo.push('call the watchdogs off', async () => {
    await Promise.all(watchdogs.map((watchdog) => watchdog.stop()));
  });
}
