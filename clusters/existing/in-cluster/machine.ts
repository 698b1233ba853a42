import { brotliCompressSync, constants } from 'node:zlib';
import { stringify } from 'yaml';
import { messageOf } from '../../../harness/errors/error.ts';
import { planInvalid } from '../../../harness/plan/load.ts';
import type { Plan } from '../../../harness/plan/schema.ts';
import type { Machine, RunContext } from '../../../harness/run/ports.ts';
import { bundle } from '../../programs/bundle.ts';
import { permissionsFor } from '../access.ts';
import { allowancesText } from '../allowance.ts';
import { removeLeft } from '../clean-up.ts';
import { noteTaken } from '../taken.ts';
import { needOf, type Target, takeAim } from '../target.ts';
import { attend, GRACE_MS } from './attend.ts';
import { harnessName, innerRunId, makeHarness } from './harness.ts';
import { KUBECONFIG } from './layout.ts';

/** The least of a deadline that a plan is handed over with. */
const LEAST_MS = 1_000;
/** What of a plan rests on something of the machine that the command is called on. */
const NOT_INSIDE = ['checkpoints', 'exporter'];

/**
 * How to have a plan conducted by a harness within its own cluster.
 * @throws OrdealError PLAN_INVALID (exit 3) for a plan that cannot be.
 */
export function inClusterMachineFor(plan: Plan): (context: RunContext) => Promise<Machine> {
  const mistakes = [
    ...(plan.cluster.provider === 'existing'
      ? []
      : [
          {
            path: 'cluster.inCluster',
            message: `expected the provider existing, got ${plan.cluster.provider}`,
          },
        ]),
    ...plan.suites.flatMap(({ settings }, index) =>
      NOT_INSIDE.filter((name) => (settings[name] ?? false) !== false).map((name) => ({
        path: `suites.${index}.settings.${name}`,
        message: 'a harness in the cluster has neither the keys nor the rights that it needs',
      })),
    ),
  ];
  if (mistakes.length > 0) throw planInvalid('running the harness in the cluster', mistakes);
  return inClusterMachine;
}

/** The harness in someone's cluster: a Job for each plan, of which nothing is left once it has ended. */
async function inClusterMachine(session: RunContext): Promise<Machine> {
  const { clock, plan, progress, runId, undo } = session;
  const deadlineMono = clock.mono() + plan.deadline;
  progress(`existing: looking at context ${plan.cluster.context ?? ''}`);
  const target = await takeAim(plan);
  const { context, identity, kube } = target;
  const nodes = target.nodes.map(({ name }) => name);
  const left = { runId, nodes, inCluster: true };
  let forget = () => {};
  undo.push(`leave the cluster of context ${context.name}`, async () => {
    await removeLeft(kube, left).finally(() => kube.close());
    forget();
  });
  const { kubeconfig, name } = context;
  forget = noteTaken({ ...left, context: name, kubeconfig, uid: identity.uid });
  return {
    name: `in the cluster of context ${name}`,
    async conduct(own, replay) {
      const leftMs = Math.max(LEAST_MS, deadlineMono - clock.mono());
      try {
        await makeHarness(kube, {
          name: harnessName(runId),
          runId,
          innerRunId: innerRunId(runId),
          image: target.workloadImage,
          nodes,
          permissions: permissionsFor(needOf(own.plan)),
          plan: stringify(innerPlan(own.plan, leftMs)),
          allowed: allowedInside(target),
          program: await program(),
          replay,
          deadlineSeconds: Math.ceil((leftMs + GRACE_MS) / 1_000),
        });
        await attend(kube, harnessName(runId), own);
      } finally {
        // What could not be removed the session's own undo tries again, and tells.
        await removeLeft(kube, left).catch((error: unknown) =>
          own.log.warn({ reason: messageOf(error) }, 'the harness in the cluster was not removed'),
        );
      }
    },
  };
}

function innerPlan(plan: Plan, deadline: number): Plan {
  return { ...plan, deadline, cluster: { ...plan.cluster, inCluster: false, kubeconfig: KUBECONFIG } };
}

/** By the name and the UID by which it is allowed here, and was looked at. */
function allowedInside({ context, identity }: Target): string {
  const { name, server } = context;
  const allowedAt = new Date().toISOString();
  return allowancesText([{ context: name, uid: identity.uid, server, kubeconfig: KUBECONFIG, allowedAt }]);
}

/** A second of a processor; the most that the format could do takes ten, for a tenth less. */
const QUALITY = 9;

async function program(): Promise<Uint8Array> {
  return brotliCompressSync(await bundle('in-cluster'), {
    params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY },
  });
}
