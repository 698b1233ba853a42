/** What tests of the calls to a vendor’s plugin do with a cluster: start pods that ask for a device, and hold a fault. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readFront } from '../../../clusters/plugin-proxy/control.ts';
import type { Cluster, ClusterNode } from '../../../clusters/port.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import type { History } from '../../../harness/history/event.ts';
import type { Ground } from '../../network/testing/ground.ts';
import type { Fault } from '../../port.ts';
import { allocatableOn } from '../allocatable.ts';
import { podsOn } from '../pod-signs.ts';

const RESOURCE = 'nvidia.com/gpu';
export const NAMESPACE = 'default';
const DEADLINE_MS = 30_000;

export class Stage {
  readonly cluster: Cluster;
  readonly node: ClusterNode;
  readonly ground: Ground;
  #made = 0;

  constructor(cluster: Cluster, ground: Ground) {
    this.cluster = cluster;
    this.node = cluster.nodes.find(({ role }) => role === 'worker') as ClusterNode;
    this.ground = ground;
  }

  /** Of a fault: where it acts. */
  get at() {
    return { node: this.node, namespace: NAMESPACE };
  }

  get #stand() {
    return { stateDir: this.node.stateDir as string, resource: RESOURCE };
  }

  pidOf(who: 'keeper' | 'proxy'): number {
    return Number.parseInt(readFront(this.#stand)?.[who] ?? '', 10);
  }

  async allocatable(wanted: number, resource = RESOURCE): Promise<void> {
    const { kube } = this.cluster;
    await waitFor(async () => (await allocatableOn(kube, this.node.name, resource)) === wanted, {
      what: `${wanted} ${resource} allocatable`,
      deadlineMs: DEADLINE_MS,
    });
  }

  async givenBack(): Promise<void> {
    await waitFor(() => readFront(this.#stand) === undefined, {
      what: 'the resource’s return',
      deadlineMs: DEADLINE_MS,
    });
  }

  /** A pod that asks for one device, and runs for longer than all tests take together; its name. */
  async start(script = 'exec sleep 3600'): Promise<string> {
    this.#made += 1;
    const name = `p${this.#made}`;
    const main = {
      name: 'main',
      image: this.cluster.workloadImage,
      command: ['sh', '-c', script],
      resources: { limits: { [RESOURCE]: '1' } },
    };
    await this.cluster.kube.core.createNamespacedPod({
      namespace: NAMESPACE,
      body: { metadata: { name }, spec: { restartPolicy: 'Never', containers: [main] } },
    });
    return name;
  }

  async phaseOf(name: string): Promise<string | undefined> {
    return (await this.cluster.kube.core.readNamespacedPod({ namespace: NAMESPACE, name })).status?.phase;
  }

  async inPhase(name: string, phase: string): Promise<void> {
    let last: string | undefined;
    await waitFor(
      async () => {
        last = await this.phaseOf(name);
        return last === phase;
      },
      { what: `${name} ${phase}`, deadlineMs: DEADLINE_MS, seen: () => `it is ${last}` },
    );
  }

  async running(): Promise<string> {
    const name = await this.start();
    await this.inPhase(name, 'Running');
    return name;
  }

  async remove(...names: string[]): Promise<void> {
    const { core } = this.cluster.kube;
    for (const name of names) {
      await core.deleteNamespacedPod({ namespace: NAMESPACE, name, gracePeriodSeconds: 0 });
    }
    const there = async () =>
      (await podsOn(this.cluster.kube, this.node.name, RESOURCE)).filter(({ name }) => names.includes(name));
    await waitFor(async () => (await there()).length === 0, {
      what: `the end of ${names}`,
      deadlineMs: DEADLINE_MS,
    });
  }

  /** As many as there are, and a pod gets one. */
  async works(devices: number): Promise<void> {
    await this.allocatable(devices);
    const name = await this.start('true');
    await this.inPhase(name, 'Succeeded');
    await this.remove(name);
  }

  /** Injected, bitten, healed, and nothing left on the node or in the journal. */
  async hold(fault: Fault, work: () => Promise<void>): Promise<History> {
    const options = { goneDeadlineMs: 60_000, biteDeadlineMs: 20_000 };
    const history = await this.ground.hold(fault, work, { cluster: this.cluster }, options);
    expect(bodyOf(history, 'fault.refused')).to.equal(undefined);
    expect(bodyOf(history, 'fault.bit')).to.include({ bit: true });
    expect(bodyOf(history, 'fault.healed')).to.include({ healed: true });
    this.expectClean();
    return history;
  }

  expectClean(): void {
    expect(this.ground.journalled()).to.deep.equal([]);
    const sockets = readdirSync(this.node.kubeletDirs?.devicePlugins as string);
    expect(sockets.filter((name) => name.startsWith('ordeal-px'))).to.deep.equal([]);
    expect(this.filesOfProxies()).to.deep.equal([]);
  }

  filesOfProxies(): string[] {
    return readdirSync(join(this.node.stateDir as string, 'plugin-proxy'));
  }
}

export function bodyOf(history: History, type: string): Record<string, unknown> | undefined {
  return history.find((event) => event.type === type)?.body as Record<string, unknown> | undefined;
}
