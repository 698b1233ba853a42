import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../../../../harness/clock/wait-for.ts';
import { freePort } from '../../../../harness/exec/free-port.ts';
import { connect } from '../../../../harness/kube/client.ts';
import { openStream } from '../../../../harness/kube/stream.ts';
import { CONTROL_PLANE_PARTS } from '../../../images/kubernetes-parts.ts';
import type { Processes } from './processes.ts';

const LOOPBACK = '127.0.0.1';
const READY_MS = 120_000;
/** Who asks as this user is written down, request by request. */
const OBSERVED_USER = 'someone';
const OWN_USER = 'control-plane';
/** What the namespaces, Jobs, quotas and pods of a run take; nobody looks after the nodes, which have no kubelets to be late. */
const CONTROLLERS = [
  'garbage-collector-controller',
  'job-controller',
  'namespace-controller',
  'resourcequota-controller',
  'serviceaccount-controller',
];

export interface ControlPlane {
  /** Of the user whose requests are written down. */
  kubeconfig: string;
  /** Of whoever is part of the cluster. */
  ownKubeconfig: string;
  /** Of the API server, good for another server on loopback. */
  certificate: { cert: string; key: string };
  /** The API server’s record of requests, a JSON line each. */
  audit: string;
}

/**
 * etcd, API server, controllers and scheduler as processes of this user, on loopback with a certificate and tokens of their
 * own: the binary of which the node image is made.
 * @param of the context by which the kubeconfig has it, and what else the API server is told
 */
export async function startControlPlane(
  processes: Processes,
  of: { context: string; folder: string; kubernetes: string; apiServer: readonly string[] },
): Promise<ControlPlane> {
  const { apiServer, context, folder, kubernetes } = of;
  const at = (name: string) => join(folder, name);
  for (const part of CONTROL_PLANE_PARTS) await symlink(kubernetes, at(part));
  const [clients, peers, port] = [await freePort(), await freePort(), await freePort()];
  const url = (of: number) => `http://${LOOPBACK}:${of}`;
  processes.start('etcd', at('etcd'), [
    `--data-dir=${at('etcd-data')}`,
    ...['listen', 'advertise'].map((verb) => `--${verb}-client-urls=${url(clients)}`),
    ...['listen-peer', 'initial-advertise-peer'].map((verb) => `--${verb}-urls=${url(peers)}`),
    `--initial-cluster=default=${url(peers)}`,
    // Nothing of it is to outlive it.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ]);
  const tokens: Record<string, string> = { [OBSERVED_USER]: newToken(), [OWN_USER]: newToken() };
  await writeFile(
    at('tokens.csv'),
    Object.entries(tokens)
      .map(([user, token]) => `${token},${user},${user},system:masters\n`)
      .join(''),
    { mode: 0o600 },
  );
  await writeFile(at('audit-policy.yaml'), JSON.stringify(AUDIT_POLICY));
  await writeFile(at('accounts.key'), accountsKey(), { mode: 0o600 });
  await mkdir(at('certificates'), { mode: 0o700 });
  const certificate = { cert: at('certificates/apiserver.crt'), key: at('certificates/apiserver.key') };
  processes.start('kube-apiserver', at('kube-apiserver'), [
    `--etcd-servers=${url(clients)}`,
    `--bind-address=${LOOPBACK}`,
    `--advertise-address=${LOOPBACK}`,
    `--secure-port=${port}`,
    `--cert-dir=${at('certificates')}`,
    `--token-auth-file=${at('tokens.csv')}`,
    '--authorization-mode=RBAC',
    `--audit-policy-file=${at('audit-policy.yaml')}`,
    `--audit-log-path=${at('audit.jsonl')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${at('accounts.key')}`,
    `--service-account-signing-key-file=${at('accounts.key')}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--endpoint-reconciler-type=none',
    '--allow-privileged=true',
    // Whoever takes that taint away is not among the controllers.
    '--disable-admission-plugins=TaintNodesByCondition',
    '--profiling=false',
    ...apiServer,
  ]);
  const write = async (name: string, user: string, ca: string) => {
    await writeFile(at(name), kubeconfigOf({ context, port, token: tokens[user] ?? '', ca }), {
      mode: 0o600,
    });
  };
  await waitFor(() => readFile(certificate.cert, 'utf8').catch(() => undefined), {
    what: 'the API server’s certificate',
    deadlineMs: READY_MS,
    seen: () => processes.said('etcd', 'kube-apiserver'),
  });
  const ca = await readFile(certificate.cert, 'utf8');
  await write('kubeconfig', OBSERVED_USER, ca);
  await write('own-kubeconfig', OWN_USER, ca);
  await waitFor(() => usable(at('own-kubeconfig')), {
    what: 'the API server',
    deadlineMs: READY_MS,
    intervalMs: 250,
    seen: () => processes.said('etcd', 'kube-apiserver'),
  });
  for (const name of ['kube-controller-manager', 'kube-scheduler']) {
    processes.start(name, at(name), [
      `--kubeconfig=${at('own-kubeconfig')}`,
      '--leader-elect=false',
      // It would listen to everybody.
      '--secure-port=0',
      ...(name === 'kube-scheduler' ? [] : [`--controllers=${CONTROLLERS.join(',')}`]),
      // A cluster of such a size has more than the few requests a second that are theirs unless told.
      ...['--kube-api-qps=500', '--kube-api-burst=500'],
    ]);
  }
  return {
    kubeconfig: at('kubeconfig'),
    ownKubeconfig: at('own-kubeconfig'),
    certificate,
    audit: at('audit.jsonl'),
  };
}

const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Metadata', users: [OBSERVED_USER] }, { level: 'None' }],
};

function newToken(): string {
  return randomBytes(24).toString('hex');
}

function accountsKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  return privateKey;
}

function kubeconfigOf(of: { context: string; port: number; token: string; ca: string }): string {
  const { ca, context: name, port, token } = of;
  const data = Buffer.from(ca).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [
      { name, cluster: { server: `https://${LOOPBACK}:${port}`, 'certificate-authority-data': data } },
    ],
    users: [{ name, user: { token } }],
  });
}

/** Whether it serves, and what every cluster has is there: the controllers give a server up that is not ready in ten seconds. */
async function usable(kubeconfig: string): Promise<boolean> {
  const kube = await connect(kubeconfig).catch(() => undefined);
  if (!kube) return false;
  try {
    const ready = await openStream(kube, '/readyz', {}, AbortSignal.timeout(READY_MS));
    ready.resume();
    await kube.core.readNamespace({ name: 'kube-system' });
    await kube.core.readNamespace({ name: 'default' });
    return ready.statusCode === 200;
  } catch {
    return false;
  } finally {
    kube.close();
  }
}
