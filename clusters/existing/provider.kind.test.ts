import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { parse, stringify } from 'yaml';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { run, tryRun } from '../../harness/exec/exec.ts';
import { Verdict } from '../../harness/verdict/verdict.ts';
import { DEVICE_PLUGINS } from '../container-nodes/folders.ts';
import type { ImageSet } from '../images/images.ts';
import { registerPlugin, serveDevicePlugin } from '../kubelet-api/device-plugin.ts';
import { HEALTHY } from '../kubelet-api/messages.ts';
import { killAllOf } from './testing/kill-all.ts';
import { containersOf, expectSame, inNode, objectsBy, podFolders } from './testing/scan.ts';
import { removeSomeonesKind, someonesKind } from './testing/someones-kind.ts';

const COMMAND = join(import.meta.dirname, '..', '..', 'ordeal.mjs');
/** None of the harness's names: nothing of it may clean up after this test. */
const CLUSTER = 'someones-existing';
const WORKER = `${CLUSTER}-worker`;
/** As for the other runs on kind: two processors hold the cluster and its tests. */
const BIND_LATENCY = 'requirements.GPU-4.threshold=1500';
/** Of the plugin that is somebody’s. */
const GPUS = 4;
/** Of a plugin that no fault is for. */
const FOREIGN = 'example.com/other';

/** A cluster by bare kind, with an image put on its worker, and the command pointed at it as at anybody's. */
describe('provider existing, on a cluster that kind alone has made', function () {
  this.timeout(600_000);
  let home: string;
  let kubeconfig: string;
  let images: ImageSet;

  const ordealArgs = (...args: string[]) => [process.execPath, COMMAND, ...args];
  const env = () => ({ XDG_STATE_HOME: join(home, 's'), XDG_CONFIG_HOME: join(home, 'c') });
  const ordeal = async (...args: string[]) => {
    const { exitCode, stderr, stdout } = await tryRun(ordealArgs(...args), {
      env: env(),
      timeoutMs: 400_000,
    });
    return { code: exitCode, output: `${stdout}\n${stderr}` };
  };
  const at = (file = kubeconfig, context = `kind-${CLUSTER}`) => ['--context', context, '--kubeconfig', file];
  const runOf = (profile: string, out: string) => [
    ...['run', '--suite', 'gpu', '--profile', profile, '--level', 'smoke', '--cluster', 'existing', ...at()],
    ...[
      '--set',
      `cluster.workloadImage=${images.workloadImage}`,
      '--set',
      BIND_LATENCY,
      '--set',
      'suites.0.settings.starts=32',
      '--out',
      out,
    ],
  ];
  const kubectl = async (...args: string[]) =>
    (await run(['kubectl', '--kubeconfig', kubeconfig, ...args], { timeoutMs: 60_000 })).stdout;

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'existing-kind-'));
    kubeconfig = join(home, 'kubeconfig');
    images = await someonesKind(CLUSTER, kubeconfig);
  });

  after(async () => {
    // What a test that failed has left behind waits for a cluster that is gone.
    if (home) await killAllOf(join(home, 's'));
    await removeSomeonesKind(CLUSTER);
    if (home) rmSync(home, { recursive: true, force: true });
  });

  /** Everything that the API has by kind, name and UID, what nodes say of themselves, and what lies on the worker. */
  async function scan(): Promise<Record<string, unknown[]>> {
    const nodes = JSON.parse(await kubectl('get', 'nodes', '--output=json')).items.map(
      ({ metadata, spec, status }: Record<string, Record<string, Record<string, string>>>) => ({
        labels: metadata?.labels,
        annotations: metadata?.annotations,
        spec,
        // A kubelet forgets what a plugin had when that has been gone for five minutes, whoever runs meanwhile.
        capacity: withoutNone({ ...status?.capacity, [FOREIGN]: '0' }),
        allocatable: withoutNone(status?.allocatable),
        conditions: ((status?.conditions ?? []) as unknown as { type: string; status: string }[]).map(
          ({ status: is, type }) => `${type}=${is}`,
        ),
      }),
    );
    const plugins = await inNode(WORKER, 'ls', DEVICE_PLUGINS);
    return {
      objects: await objectsBy(kubectl),
      nodes,
      plugins: plugins.filter((name) => name.endsWith('.sock')),
      // The runtime makes a folder of its own for the networks of a node's first pod.
      state: (await inNode(WORKER, 'ls', '/var/lib')).filter((name) => name !== 'cni'),
      pods: await podFolders(WORKER),
      containers: await containersOf(WORKER),
      images: await inNode(WORKER, 'ctr', '--namespace', 'k8s.io', 'images', 'ls', '--quiet'),
    };
  }

  /** A kubelet goes on naming a resource that a plugin has registered, with none of it. */
  function withoutNone(amounts: Record<string, string> = {}): Record<string, string> {
    return Object.fromEntries(
      Object.entries(amounts).filter(([name, amount]) => !name.includes('/') || amount !== '0'),
    );
  }

  it('says to a user who may only look which ClusterRole is missing', async () => {
    await kubectl('create', 'serviceaccount', 'looker', '--namespace', 'default');
    await kubectl(
      'create',
      'clusterrolebinding',
      'looker',
      '--clusterrole=view',
      '--serviceaccount=default:looker',
    );
    await kubectl('create', 'clusterrole', 'nodes', '--verb=get,list', '--resource=nodes');
    await kubectl(
      'create',
      'clusterrolebinding',
      'nodes',
      '--clusterrole=nodes',
      '--serviceaccount=default:looker',
    );
    const token = await kubectl('create', 'token', 'looker', '--namespace', 'default');
    const config = parse(readFileSync(kubeconfig, 'utf8'));
    config.users[0].user = { token };
    const file = join(home, 'looker');
    writeFileSync(file, stringify(config), { mode: 0o600 });
    const { code, output } = await ordeal('doctor', ...at(file));
    expect(code, output).to.equal(4);
    const role = parse(output.slice(output.indexOf('---\n') + 4));
    expect(role.kind).to.equal('ClusterRole');
    expect(role.rules).to.deep.include({
      apiGroups: ['batch'],
      resources: ['jobs'],
      verbs: ['create', 'delete'],
    });
    expect(role.rules).to.deep.include({ apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] });
    expect(role.rules.map(({ resources }: { resources: string[] }) => resources[0])).to.not.include('nodes');
    expect(output).to.not.contain(token);
  });

  it('is looked at and certified with fake GPU nodes, and left as it was found', async () => {
    expect((await ordeal('allow', ...at())).code).to.equal(0);
    const before = await scan();
    const looked = await ordeal('doctor', ...at(), '--image', images.workloadImage);
    expect(looked.code, looked.output).to.equal(0);
    expect(looked.output).to.match(new RegExp(`node ${WORKER}: kernel .*runtime containerd`));

    const out = join(home, 'out');
    const { code, output } = await ordeal(
      ...runOf('hardened', out),
      ...['--set', 'suites.0.settings.exporter={}'],
    );
    expect(code, output).to.equal(0);
    const { cluster, faults, left, requirements } = Verdict.parse(
      JSON.parse(readFileSync(join(out, 'verdict.json'), 'utf8')),
    );
    expect(cluster).to.include({ provider: 'existing', evidence: 'real-kubernetes' });
    expect(faults.map(({ bit, healed }) => bit && healed)).to.deep.equal([true, true, true, true]);
    // Of exporters that are in the pods of the run’s own fake GPU nodes.
    expect(requirements.find(({ id }) => id === 'GPU-9')?.samples).to.be.above(0);
    expect(left).to.deep.equal({ compared: 2, ours: [], others: [] });
    await expectSame(before, scan);
  });

  it('is cleaned of a run that was killed', async () => {
    expect((await ordeal('allow', ...at())).code).to.equal(0);
    const before = await scan();
    const killed = execa(process.execPath, ordealArgs(...runOf('incident', join(home, 'killed'))).slice(1), {
      env: env(),
      reject: false,
    });
    let said = '';
    for (const stream of [killed.stdout, killed.stderr]) stream.on('data', (chunk) => (said += chunk));
    await waitFor(() => said.includes('gpu: steady state'), {
      what: 'fake GPU nodes that are up',
      deadlineMs: 120_000,
      seen: () => said,
    });
    // With its caretaker, who would clean up beside the one that is asked to.
    await killAllOf(join(home, 's'));
    await killed;
    const cleaned = await ordeal('clean');
    expect(cleaned.code, cleaned.output).to.equal(0);
    expect(cleaned.output).to.contain('of context kind-');
    await expectSame(before, scan);
  });

  const apply = (object: object) =>
    run(['kubectl', '--kubeconfig', kubeconfig, 'apply', '--filename', '-'], {
      input: JSON.stringify(object),
      timeoutMs: 60_000,
    });
  const allocatable = async (amount: string, is = true) =>
    await waitFor(
      async () =>
        (await kubectl('get', 'node', WORKER, '--output=jsonpath={.status.allocatable}')).includes(amount) ===
        is,
      { what: `${is ? '' : 'no '}${amount}`, deadlineMs: 120_000, intervalMs: 1_000 },
    );
  /** Safe to repeat. */
  const startVendor = async () => {
    await apply(vendorsPod(images.workloadImage));
    await allocatable(`"nvidia.com/gpu":"${GPUS}"`);
  };
  /** A pod that holds one of the vendor’s GPUs. */
  const holding = async (name: string) => {
    await apply(gpuHolder(name, images.workloadImage));
    await kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s');
  };
  /** With its folder on the node, which its kubelet takes away some seconds later. */
  const removed = async (name: string) => {
    const uid = await kubectl('get', 'pod', name, '--output=jsonpath={.metadata.uid}');
    await kubectl('delete', 'pod', name);
    await waitFor(
      async () =>
        !(await run(['docker', 'exec', WORKER, 'ls', '/var/lib/kubelet/pods'])).stdout.includes(uid),
      { what: `the end of ${name} on the node`, deadlineMs: 60_000, intervalMs: 500 },
    );
  };
  /** Sockets of proxies, and what says on the node whom they stand in front of. */
  const proxied = async () => {
    // A pod that goes while it looks is an exit code.
    const found = await tryRun([
      ...['docker', 'exec', WORKER, 'find', '/var/lib/kubelet/device-plugins', '/var/lib/kubelet/pods'],
      ...['-name', 'ordeal-px-*', '-o', '-name', 'front.json'],
    ]);
    return found.stdout.split('\n').filter((line) => line !== '');
  };
  /** A fault by hand on the worker, held. */
  const inject = async (...fault: string[]) => {
    const argv = ['fault', 'inject', ...fault, '--cluster', 'existing', ...at(), '--target', WORKER];
    const child = execa(process.execPath, [COMMAND, ...argv, '--image', images.workloadImage], {
      env: env(),
      reject: false,
      all: true,
    });
    let said = '';
    child.all.on('data', (chunk) => {
      said += chunk;
    });
    // Its socket is there before the kubelet has heard of it, and calls go past it until then.
    await waitFor(() => said.includes(' is held on ') || child.exitCode !== null, {
      what: 'a proxy in front of the vendor’s plugin',
      deadlineMs: 120_000,
      seen: () => said,
    });
    expect(child.exitCode, said).to.equal(null);
    // And of the one before it nothing any more.
    await waitFor(async () => (await proxied()).length === 2, {
      what: 'its socket and whom it stands in front of',
      deadlineMs: 60_000,
      intervalMs: 500,
    });
    return { ended: child };
  };

  it('is certified as it is with a plugin that is somebody’s, by PodResources and the containers’ own looks', async () => {
    await startVendor();
    expect((await ordeal('allow', ...at())).code).to.equal(0);
    const before = await scan();
    const out = join(home, 'as-is');
    const settings = ['replicas=4', 'starts=16', `gpusPerNode=${GPUS}`].flatMap((setting) => [
      '--set',
      `suites.0.settings.${setting}`,
    ]);
    const skipped = ['6', '7'].flatMap((id) => ['--set', `requirements.GPU-${id}.skip=not here`]);
    const { code, output } = await ordeal(...runOf('as-is', out), ...settings, ...skipped);
    expect(code, output).to.equal(0);
    const { left, requirements } = Verdict.parse(JSON.parse(readFileSync(join(out, 'verdict.json'), 'utf8')));
    const [first] = requirements;
    expect(first).to.include({ id: 'GPU-1', verdict: 'pass', measured: 0, evidence: 'real-kubernetes' });
    expect(first?.reason).to.contain('nvidia-smi alone was asked');
    expect(left).to.deep.equal({ compared: 2, ours: [], others: [] });
    await expectSame(before, scan);
  });

  it('has the calls of that plugin delayed by hand, and its resource, its pods and other plugins are left as they were', async () => {
    await startVendor();
    await holding('held-before');
    const foreign = await serveForeign();
    try {
      await allocatable(`"${FOREIGN}":"1"`);
      expect((await ordeal('allow', ...at())).code).to.equal(0);
      const before = await scan();
      const { ended } = await inject('gpu/plugin-delay', '--with', 'delay=2s', '--ttl', '20s');
      await holding('held-meanwhile');
      const { all: output, exitCode } = await ended;
      expect(exitCode, output).to.equal(0);
      expect(output).to.match(/bit \(Allocate was held for \d+ ms; only then did held-meanwhile start\)/);
      expect(output).to.match(
        /healed \(4 of 4 .* 2 pods kept what they held; a fresh pod got a device and ran\)/,
      );
      expect(output).to.contain('the cluster is as it was found: 2 nodes were compared');
      expect(foreign.kubelet()).to.equal('watches');
      await removed('held-meanwhile');
      await expectSame(before, scan);
    } finally {
      await foreign.stop();
      await removed('held-before');
    }
  });

  it('gets the resource back on the node itself, when the harness is killed with all that it has here and the API server is away', async () => {
    await startVendor();
    // Of the plugin that has just ended: the kubelet writes its node’s status in its own time.
    await allocatable(`"${FOREIGN}":"1"`, false);
    expect((await ordeal('allow', ...at())).code).to.equal(0);
    const before = await scan();
    const { ended } = await inject('gpu/plugin-hang', '--ttl', '300s');
    const apiServer = await pidOf(`${CLUSTER}-control-plane`, 'kube-apiserver');
    process.kill(apiServer, 'SIGSTOP');
    try {
      await killAllOf(join(home, 's'));
      await ended;
      const from = performance.now();
      await waitFor(async () => (await proxied()).length === 0, {
        what: 'the resource’s return',
        deadlineMs: 90_000,
        intervalMs: 500,
      });
      process.stdout.write(`      given back ${Math.round(performance.now() - from)} ms after the kill\n`);
    } finally {
      process.kill(apiServer, 'SIGCONT');
    }
    await holding('held-after');
    await removed('held-after');
    const cleaned = await ordeal('clean');
    expect(cleaned.code, cleaned.output).to.equal(0);
    expect(cleaned.output).to.contain('fault gpu/plugin-hang of run by-hand-');
    await expectSame(before, scan);
  });
});

/** Another resource’s plugin, by the node’s own sockets: any touch of its registration shows in its streams. */
async function serveForeign() {
  const { stdout: pid } = await run(['docker', 'inspect', '--format', '{{.State.Pid}}', WORKER]);
  const folder = `/proc/${pid}/root${DEVICE_PLUGINS}`;
  /** The kubelet’s stream: whoever looks for the vendor’s plugin asks this one for its list, too, and hangs up. */
  let kubelet: 'never' | 'watches' | 'gone' = 'never';
  const plugin = await serveDevicePlugin(join(folder, 'other.sock'), {
    options: () => ({ pre_start_required: false, get_preferred_allocation_available: false }),
    watch(stream) {
      const its = kubelet === 'never';
      if (its) kubelet = 'watches';
      stream.send([{ ID: 'other-0', health: HEALTHY }]);
      return {
        closed() {
          if (its) kubelet = 'gone';
        },
      };
    },
    preferred: () => ({ container_responses: [] }),
    allocate: async () => ({ container_responses: [{}] }),
    preStart: async () => undefined,
  });
  await registerPlugin(join(folder, 'kubelet.sock'), { endpoint: 'other.sock', resource: FOREIGN });
  return { kubelet: () => kubelet, stop: () => plugin.close() };
}

/** A process of a node that is a container, as this machine names it. */
async function pidOf(container: string, command: string): Promise<number> {
  const { stdout } = await run(['docker', 'top', container, '-eo', 'pid,comm']);
  const line = stdout.split('\n').find((process) => process.endsWith(` ${command}`));
  return Number.parseInt(line ?? '', 10);
}

function gpuHolder(name: string, image: string): object {
  const main = {
    name: 'main',
    ...{ image, imagePullPolicy: 'Never', command: ['sleep', '600'] },
    resources: { limits: { 'nvidia.com/gpu': '1' } },
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: [main] },
  };
}

/** A plugin of which nobody told the harness: the fake one, with its files where a vendor would have them. */
function vendorsPod(image: string): object {
  const folders = {
    state: '/var/lib/vendor',
    plugins: '/var/lib/kubelet/device-plugins',
    resources: '/var/lib/kubelet/pod-resources',
  };
  const settings = { gpus: GPUS, workers: 8, wait: 'prestart', latencyMs: [100, 150] };
  const config = {
    nodes: [
      {
        name: WORKER,
        stateDir: folders.state,
        devicePluginDir: folders.plugins,
        podResourcesDir: folders.resources,
      },
    ],
  };
  const start = 'mkdir -p "$1/gpu" && echo "$2" > "$1/gpu/settings.json" && exec node /ordeal/gpu-node.mjs';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'vendor', namespace: 'default' },
    spec: {
      nodeName: WORKER,
      hostPID: true,
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'plugin',
          image,
          imagePullPolicy: 'Never',
          command: ['sh', '-c', start, 'sh', folders.state, JSON.stringify(settings)],
          env: [{ name: 'ORDEAL_GPU_CONFIG', value: JSON.stringify(config) }],
          volumeMounts: Object.entries(folders).map(([name, mountPath]) => ({ name, mountPath })),
        },
      ],
      volumes: Object.entries(folders).map(([name, path]) => ({
        name,
        hostPath: { path, type: 'DirectoryOrCreate' },
      })),
    },
  };
}
