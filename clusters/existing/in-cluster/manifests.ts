import type {
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1ConfigMap,
  V1Job,
  V1Namespace,
  V1ServiceAccount,
} from '@kubernetes/client-node';
import { type Permission, rulesOf } from '../access.ts';
import { RUN_LABEL } from '../objects.ts';
import { ACCOUNT, ALLOWED_KEY, CONFIG, PLAN_KEY, PROGRAM, PROGRAM_KEY, WORK } from './layout.ts';

export const HARNESS = 'harness';
/** For a harness that is told to end: what it broke has to be healed. */
const END_S = 90;
/** Kubelets renew it. */
const TOKEN_S = 3_600;

/** Unpacks the program, and becomes it. Progress and history come by one stream, for a runtime mixes two within a line. */
const START = 'node -e "$0" && exec node "$@" 2>&1';
const UNPACK = `require('fs').writeFileSync('${WORK}/in-cluster.mjs',require('zlib').brotliDecompressSync(require('fs').readFileSync('${PROGRAM}/${PROGRAM_KEY}')))`;

export interface HarnessPlan {
  /** Of all that is made. */
  name: string;
  /** The session outside. */
  runId: string;
  innerRunId: string;
  image: string;
  /** One of these it runs on: they have the image. */
  nodes: readonly string[];
  permissions: readonly Permission[];
  /** YAML; nothing of it is secret. */
  plan: string;
  /** The allowances that the harness in the cluster reads. */
  allowed: string;
  /** The harness, compressed by brotli. */
  program: Uint8Array;
  /** The command that does it again. */
  replay: string;
  /** After which its kubelet ends it, whatever became of who started it. */
  deadlineSeconds: number;
}

interface HarnessObjects {
  namespace: V1Namespace;
  account: V1ServiceAccount;
  role: V1ClusterRole;
  binding: V1ClusterRoleBinding;
  configs: V1ConfigMap[];
  job: V1Job;
}

/** All that a harness in the cluster is made of. It has no more of a user's rights than a run from outside uses. Pure. */
export function harnessObjects(plan: HarnessPlan): HarnessObjects {
  const { allowed, name, permissions, program, runId } = plan;
  const metadata = { name, labels: { [RUN_LABEL]: runId } };
  return {
    namespace: {
      metadata: { name, labels: { ...metadata.labels, 'pod-security.kubernetes.io/enforce': 'restricted' } },
    },
    account: { metadata: { name }, automountServiceAccountToken: false },
    role: { metadata, rules: rulesOf(permissions) },
    binding: {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: name }],
    },
    configs: [
      { metadata: { name: 'config' }, data: { [PLAN_KEY]: plan.plan, [ALLOWED_KEY]: allowed } },
      {
        metadata: { name: 'program' },
        binaryData: { [PROGRAM_KEY]: Buffer.from(program).toString('base64') },
      },
    ],
    job: harnessJob(plan),
  };
}

function harnessJob({ deadlineSeconds, image, innerRunId, name, nodes, replay }: HarnessPlan): V1Job {
  return {
    metadata: { name: HARNESS },
    spec: {
      // What a harness has recorded until it went is all there is: another one would start anew.
      backoffLimit: 0,
      activeDeadlineSeconds: deadlineSeconds,
      template: {
        metadata: { labels: { 'app.kubernetes.io/name': HARNESS, 'app.kubernetes.io/part-of': 'ordeal' } },
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: END_S,
          serviceAccountName: name,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: nodes.map((node) => ({
                  matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }],
                })),
              },
            },
          },
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65_532,
            runAsGroup: 65_532,
            fsGroup: 65_532,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: HARNESS,
              image,
              imagePullPolicy: 'IfNotPresent',
              command: [
                ...['sh', '-c', START, UNPACK, `${WORK}/in-cluster.mjs`],
                ...['--plan', `${CONFIG}/${PLAN_KEY}`, '--out', `${WORK}/out`],
                ...['--replay', replay, '--run-id', innerRunId],
              ],
              // Without a request it would have the least share of a busy node, and its timers would show that.
              resources: { requests: { cpu: '500m', memory: '256Mi' } },
              env: Object.entries({
                HOME: WORK,
                TMPDIR: WORK,
                XDG_CONFIG_HOME: CONFIG,
                XDG_STATE_HOME: `${WORK}/s`,
              }).map(([variable, value]) => ({ name: variable, value })),
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              volumeMounts: [
                { name: 'config', mountPath: CONFIG, readOnly: true },
                { name: 'program', mountPath: PROGRAM, readOnly: true },
                { name: 'account', mountPath: ACCOUNT, readOnly: true },
                { name: 'work', mountPath: WORK },
              ],
            },
          ],
          volumes: [
            {
              name: 'config',
              configMap: {
                name: 'config',
                items: [
                  { key: PLAN_KEY, path: PLAN_KEY },
                  { key: ALLOWED_KEY, path: `ordeal/${ALLOWED_KEY}` },
                ],
              },
            },
            { name: 'program', configMap: { name: 'program' } },
            {
              name: 'account',
              projected: {
                sources: [
                  { serviceAccountToken: { path: 'token', expirationSeconds: TOKEN_S } },
                  { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
                ],
              },
            },
            { name: 'work', emptyDir: {} },
          ],
        },
      },
    },
  };
}
