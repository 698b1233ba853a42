/** What tests of someone's cluster compare before and after: by kubectl and in the nodes, and nothing of the harness's. */
import { expect } from 'chai';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { run } from '../../../harness/exec/exec.ts';

/** Written without anybody's hand, for as long as they last. */
const PASSING = ['events', 'events.events.k8s.io', 'componentstatuses', 'leases.coordination.k8s.io'];

type Kubectl = (...args: string[]) => Promise<string>;
interface Found {
  kind: string;
  metadata: { name: string; namespace?: string; uid: string };
}

/** Everything that the API has, by kind, name and UID. */
export async function objectsBy(kubectl: Kubectl): Promise<string[]> {
  const kinds = (await kubectl('api-resources', '--verbs=list', '--output=name'))
    .split('\n')
    .filter((kind) => kind !== '' && !PASSING.includes(kind));
  const { items } = JSON.parse(
    await kubectl('get', kinds.join(','), '--all-namespaces', '--output=json'),
  ) as {
    items: Found[];
  };
  return items
    .map(({ kind, metadata: { name, namespace = '', uid } }) => `${kind} ${namespace}/${name} ${uid}`)
    .sort();
}

/** What a command prints in a node, in the order of its lines. */
export async function inNode(node: string, ...argv: string[]): Promise<string[]> {
  return (await run(['docker', 'exec', node, ...argv])).stdout.split('\n').sort();
}

/** A node's pods, by their folders. */
export async function podFolders(node: string): Promise<string[]> {
  return await inNode(node, 'ls', '/var/lib/kubelet/pods');
}

/** Those that run: what has ended the kubelet takes away once a minute, and some of it at a time. */
export async function containersOf(node: string): Promise<string[]> {
  return await inNode(node, 'ctr', '--namespace', 'k8s.io', 'tasks', 'ls', '--quiet');
}

type Scan = Record<string, readonly unknown[]>;

/** A kubelet takes a pod's folder away when the pod has been gone for some seconds. */
export async function expectSame(before: Scan, scan: () => Promise<Scan>): Promise<void> {
  // The whole of both is more than a report of a test shows.
  const lines = (of: Scan) =>
    Object.entries(of).flatMap(([what, all]) => all.map((each) => `${what}: ${JSON.stringify(each)}`));
  const then = lines(before);
  let differs = { gone: then, new: then };
  let unseen: unknown;
  await waitFor(
    async () => {
      unseen = undefined;
      const found = await scan().catch((error: unknown) => {
        // An API server that has just come back answers the next time.
        unseen = error;
      });
      if (!found) return false;
      const now = lines(found);
      differs = {
        gone: then.filter((line) => !now.includes(line)),
        new: now.filter((line) => !then.includes(line)),
      };
      return differs.gone.length + differs.new.length === 0;
    },
    { what: 'the cluster as it was', deadlineMs: 60_000, intervalMs: 2_000 },
  ).catch(() => undefined);
  if (unseen !== undefined) throw unseen;
  expect(differs).to.deep.equal({ gone: [], new: [] });
}
