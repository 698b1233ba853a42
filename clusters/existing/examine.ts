import { OrdealError } from '../../harness/errors/error.ts';
import type { Readiness } from '../../harness/run/ports.ts';
import { denialLines, denialsOf, IN_CLUSTER_PERMISSIONS, permissionsFor, roleFor } from './access.ts';
import { checkAllowed, readAllowances } from './allowance.ts';
import { type Identity, identify } from './identity.ts';
import { connectTo, findContext } from './kubeconfig.ts';
import { namespaceRefusal } from './pod-security.ts';
import { surveyNodes } from './survey.ts';

export interface Examined {
  checks: Readiness[];
  /** The ClusterRole that is missing, as YAML. */
  role: string | undefined;
}

/**
 * What a context's cluster would say to a run. Changes nothing, but for the pods that look at its nodes: they are made only
 * where the cluster is allowed and an image is given.
 * @throws OrdealError KUBECONFIG_UNREADABLE, CONTEXT_UNKNOWN (exit 3), CLUSTER_UNREACHABLE (exit 4).
 */
export async function examine(options: {
  context: string;
  kubeconfig: string | undefined;
  image: string | undefined;
  /** The harness would run in it. */
  inCluster: boolean;
}): Promise<Examined> {
  const context = findContext(options.context, options.kubeconfig);
  const kube = await connectTo(context);
  try {
    let identity: Identity | undefined;
    const allowed = await check('allowed', async () => {
      identity = await identify(kube);
      checkAllowed(context, identity.uid, readAllowances());
      return `UID ${identity.uid}`;
    });
    const denials = await denialsOf(kube, [
      ...permissionsFor({
        checkpoints: false,
        edge: true,
        exporter: false,
        fakeGpuNodes: true,
        jobSlots: true,
        proxies: true,
      }),
      ...(options.inCluster ? IN_CLUSTER_PERMISSIONS : []),
    ]);
    const refusal = await namespaceRefusal(kube);
    const checks: Readiness[] = [
      { name: 'API server', ok: true, detail: context.server },
      allowed,
      {
        name: 'access',
        ok: denials.length === 0,
        detail:
          denials.length === 0
            ? 'every verb that a run needs'
            : `not granted: ${denialLines(denials).join('; ')}`,
        ...(denials.length > 0 && {
          mend: 'kubectl apply the ClusterRole below, and bind it to the context’s user',
        }),
      },
      {
        name: 'Pod Security',
        ok: refusal === undefined,
        detail: refusal ?? 'namespaces of the levels baseline and privileged would be made',
        ...(refusal !== undefined && { mend: 'let the cluster’s admission accept such namespaces' }),
      },
    ];
    const { image } = options;
    if (image !== undefined && identity && checks.every(({ ok }) => ok)) {
      const nodes = identity.nodes
        .filter(({ closed, ready }) => ready && closed === undefined)
        .map(({ name }) => name);
      const { kubeconfig, name } = context;
      checks.push(
        ...(await surveyNodes(kube, { context: name, kubeconfig, uid: identity.uid, nodes, image })),
      );
    }
    return { checks, role: denials.length > 0 ? roleFor(denials) : undefined };
  } finally {
    kube.close();
  }
}

async function check(name: string, look: () => Promise<string>): Promise<Readiness> {
  try {
    return { name, ok: true, detail: await look() };
  } catch (error) {
    if (error instanceof OrdealError) return { name, ok: false, detail: error.seen, mend: error.todo };
    throw error;
  }
}
