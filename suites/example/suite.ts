import { join } from 'node:path';
import type { Cluster } from '../../clusters/port.ts';
import { podQuota } from '../../faults/example/pod-quota.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { eventsOf } from '../../harness/history/event.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import { NOMINAL_NAMESPACE } from '../../harness/radius/forecast.ts';
import type { Phase, Suite, SuiteContext } from '../../harness/run/ports.ts';
import { judgeFigure } from '../judged.ts';
import { keeperIn } from '../keeper.ts';
import { makeNamespace } from '../namespace.ts';

const SUITE = 'example';
const FAULT = 'pod-quota-1';
const START_DEADLINE_MS = 30_000;

/** What it records of its own, with the body’s shape. */
interface Started {
  afterMs: number;
}

/** One requirement: once a namespace’s quota is lifted, its next pod runs. */
export const exampleSuite: Suite<Cluster> = {
  name: SUITE,
  title: 'A worked example',
  phases,
  requirements: (plan) => [
    {
      id: 'EXAMPLE-1',
      title: 'a pod runs once the quota is lifted',
      check(history) {
        const starts = eventsOf<Started>(history, 'example.started').map(({ body }) => body.afterMs / 1_000);
        const measured = starts.length === 0 ? null : Math.max(...starts);
        const target = { level: plan.level, threshold: plan.requirements['EXAMPLE-1']?.threshold ?? 10 };
        const reason = measured === null ? 'no pod ran' : `it ran after ${measured.toFixed(1)} s`;
        return judgeFigure(measured, starts.length, target, 's', { reason, doubts: [] });
      },
    },
  ],
  refusedFor: [],
  scheduledFaults: () => [FAULT],
  radius: { cloud: false, resources: ['pods'] },
  forecast(plan) {
    const { id, kind, target, mechanisms, reach } = podQuota(
      FAULT,
      NOMINAL_NAMESPACE,
      plan.cluster.name ?? '',
    );
    return { links: [], faults: [{ id, kind, target, mechanisms, reach, beside: [] }] };
  },
  resolve: (plan: Plan) => plan,
  timeline: () => [],
  series: () => [],
  spec: join(import.meta.dirname, 'example.spec.ts'),
};

function phases(context: SuiteContext<Cluster>): Phase[] {
  const { clock, cluster, recorder, runId } = context;
  const namespace = `ordeal-${runId}-${SUITE}`.slice(0, 63);
  const say = (type: string, body: object) => recorder.record(`suite/${SUITE}`, type, body);
  return [
    { name: 'install', run: () => makeNamespace(context, namespace) },
    {
      name: 'steady state',
      async run() {
        const startLatencyMs = await started(context, namespace, 'before');
        say('steady.reached', { suite: SUITE, measured: { startLatencyMs } });
      },
    },
    {
      name: 'a quota of no pod',
      async run() {
        const keeper = keeperIn(context, { suite: SUITE, namespace });
        // The wrapper injects, watches for the bite, heals, and looks whether it is gone; this is the hold.
        await keeper.hold(podQuota(FAULT, namespace, cluster.name), () => clock.sleep(500, context.signal));
      },
    },
    {
      name: 'recovery',
      async run() {
        const body: Started = { afterMs: await started(context, namespace, 'after') };
        say('example.started', body);
      },
    },
  ];
}

/** Starts a pod; how long it took until it ran, in ms. */
async function started(
  { clock, cluster, signal }: SuiteContext<Cluster>,
  namespace: string,
  name: string,
): Promise<number> {
  const { core } = cluster.kube;
  const containers = [{ name: 'main', image: cluster.workloadImage, command: ['sleep', '60'] }];
  const from = clock.mono();
  await core.createNamespacedPod({ namespace, body: { metadata: { name }, spec: { containers } } });
  const running = async () => (await core.readNamespacedPod({ namespace, name })).status?.phase === 'Running';
  await waitFor(running, { what: `pod ${name} running`, deadlineMs: START_DEADLINE_MS, clock, signal });
  return clock.mono() - from;
}
