/** Nodes for tests of the network between nodes: containers in which nothing runs. */
import { randomBytes } from 'node:crypto';
import { run, tryRun } from '../../../../harness/exec/exec.ts';
import { readyToolbox } from '../../../images/toolbox-image.ts';
import type { NodeContainer } from '../lab.ts';

export interface PlainNodes {
  image: string;
  cloud: NodeContainer;
  edge: NodeContainer;
  /** What a command says in a node. */
  say(node: NodeContainer, ...argv: string[]): Promise<string>;
  remove(): Promise<void>;
}

export async function startPlainNodes(): Promise<PlainNodes> {
  const image = await readyToolbox();
  const id = randomBytes(4).toString('hex');
  const node = (name: string): NodeContainer => ({ name, container: `ordeal-plain-${id}-${name}` });
  const [cloud, edge] = [node('cloud'), node('edge')];
  // With IPv6, as kind's own network is.
  const network = `ordeal-plain-${id}`;
  const subnet = `fd00:${id.slice(0, 4)}:${id.slice(4)}::/64`;
  await run(['docker', 'network', 'create', '--ipv6', `--subnet=${subnet}`, network]);
  for (const { container } of [cloud, edge]) {
    const options = ['--detach', `--name=${container}`, `--network=${network}`];
    await run(['docker', 'run', ...options, image, 'sleep', 'infinity']);
  }
  return {
    image,
    cloud,
    edge,
    say: async ({ container }, ...argv) => (await run(['docker', 'exec', container, ...argv])).stdout,
    async remove() {
      await tryRun(['docker', 'rm', '--force', cloud.container, edge.container]);
      await tryRun(['docker', 'network', 'rm', network]);
    },
  };
}
