import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { openStream } from '../../../harness/kube/stream.ts';
import type { Cluster } from '../../port.ts';

const NAMESPACE = 'default';
const PORT = 8_080;
/** In which a pod is started and says what it is to. */
const DEADLINE_S = 60;
/** Tells whoever asks by which address. */
const ANSWER = `require('node:http')
  .createServer(({ socket }, response) => response.end(socket.remoteAddress))
  .listen(${PORT}, '0.0.0.0')`;

/** Starts a pod on a node that tells whoever asks by which address it was asked; its own. */
export async function startAnswering(cluster: Cluster, name: string, node: string): Promise<string> {
  await start(cluster, name, node, ANSWER);
  return await waitFor(async () => (await statusOf(cluster, name))?.podIP, {
    what: `the address of pod ${name}`,
    deadlineMs: 1_000 * DEADLINE_S,
  });
}

/** By which address the pod that answers is asked by the API server. */
export async function answerToApi(cluster: Cluster, name: string): Promise<string> {
  const path = `/api/v1/namespaces/${NAMESPACE}/pods/${name}:${PORT}/proxy/`;
  return await waitFor(
    async () => {
      const answer = await openStream(cluster.kube, path, {}, AbortSignal.timeout(1_000 * DEADLINE_S));
      let text = '';
      for await (const chunk of answer) text += chunk;
      return answer.statusCode === 200 && text;
    },
    { what: `an answer of pod ${name} through the API server`, deadlineMs: 1_000 * DEADLINE_S },
  );
}

/** By which addresses a new pod on a node is heard: its own, and what a pod that answers and this machine have heard. */
export async function heardFrom(
  cluster: Cluster,
  name: string,
  node: string,
  answering: string,
): Promise<{ own: string; byPod: string; byMachine: string }> {
  const machine = createServer(({ socket }, response) => response.end(socket.remoteAddress));
  const gateway = (await cluster.machineAddress?.()) ?? '';
  await new Promise<void>((resolve) => machine.listen(0, gateway, resolve));
  try {
    const { port } = machine.address() as AddressInfo;
    const urls = [`http://${answering}:${PORT}`, `http://${gateway}:${port}`];
    await start(
      cluster,
      name,
      node,
      `const own = Object.values(require('node:os').networkInterfaces()).flat()
        .find(({ family, internal }) => family === 'IPv4' && !internal).address;
      // Who is to answer may only just have been started.
      const ask = (url) => fetch(url).then((answer) => answer.text(), () => new Promise((resolve) =>
        setTimeout(() => resolve(ask(url)), 200)));
      Promise.all(${JSON.stringify(urls)}.map(ask)).then(([byPod, byMachine]) =>
        console.log(JSON.stringify({ own, byPod, byMachine })))`,
    );
    let phase: string | undefined;
    await waitFor(
      async () => {
        phase = (await statusOf(cluster, name))?.phase;
        return phase === 'Succeeded';
      },
      { what: `the end of pod ${name}`, deadlineMs: 1_000 * DEADLINE_S, seen: () => `it is ${phase}` },
    );
    return JSON.parse(await cluster.kube.core.readNamespacedPodLog({ namespace: NAMESPACE, name }));
  } finally {
    machine.closeAllConnections();
    await new Promise((resolve) => machine.close(resolve));
  }
}

async function start({ kube, workloadImage }: Cluster, name: string, nodeName: string, program: string) {
  await kube.core.createNamespacedPod({
    namespace: NAMESPACE,
    body: {
      metadata: { name },
      spec: {
        ...{ nodeName, restartPolicy: 'OnFailure', terminationGracePeriodSeconds: 0 },
        automountServiceAccountToken: false,
        containers: [{ name: 'main', image: workloadImage, command: ['node', '--eval', program] }],
      },
    },
  });
}

async function statusOf({ kube }: Cluster, name: string) {
  return (await kube.core.readNamespacedPod({ namespace: NAMESPACE, name })).status;
}
