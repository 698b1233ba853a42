import { WrittenHistory } from '../../testing/written.ts';
import type { PodSeen, ProbeSeen, Scrape } from '../events.ts';
import { MAIN } from '../workload/jobs.ts';

/** A GPU node's and its pods' history, written by hand. */
export class Written extends WrittenHistory {
  pod(name: string, more: Partial<PodSeen> = {}): this {
    const body: PodSeen = {
      uid: `uid-${name}`,
      namespace: 'n',
      name,
      node: 'w1',
      job: 'j',
      bystander: false,
      phase: 'Succeeded',
      reason: null,
      createdAt: 1e12,
      deleting: false,
      gone: false,
      gpus: 1,
      containers: [
        { name: MAIN, restartCount: 0, started: true, finished: true, exitCode: 0, waiting: null },
      ],
      ...more,
    };
    return this.add(`pod/n/${name}`, 'pod.seen', body);
  }

  allocate(allocation: string, devices: string[], mono: number, node = 'w1'): this {
    return this.add(`node/${node}`, 'ledger.plugin.allocate', {
      at: mono,
      mono,
      type: 'plugin.allocate',
      allocation,
      devices,
    });
  }

  associate(allocation: string, device: string, mono: number, more: object = {}, node = 'w1'): this {
    const body = {
      at: mono,
      mono,
      type: 'driver.associated',
      allocation,
      device,
      queuedMs: 0,
      serviceMs: 250,
      injectedMs: 0,
      lateMs: 0,
      ...more,
    };
    return this.add(`node/${node}`, 'ledger.driver.associated', body);
  }

  listed(...pods: [pod: string, ...devices: string[]][]): this {
    const entries = pods.map(([pod, ...devices]) => ({ namespace: 'n', pod, container: MAIN, devices }));
    return this.add('node/w1', 'ledger.podresources', {
      at: 0,
      mono:
        (this.events.findLast(({ source }) => source === 'node/w1')?.body as { mono?: number })?.mono ?? 0,
      type: 'podresources',
      requestedAt: 0,
      pods: entries,
    });
  }

  probe(pod: string, allocation: string, n: number, usable: string[], at = n * 100): this {
    const body: ProbeSeen = {
      podUid: `uid-${pod}`,
      pod,
      namespace: 'n',
      container: MAIN,
      attempt: 0,
      at,
      n,
      exit: usable.length > 0 ? 0 : 6,
      usable,
      visible: usable,
      allocation,
    };
    return this.add(`pod/n/${pod}`, 'gpu.probe', body);
  }

  /** What the exporter of a node says, on a clock that is the harness’s own. */
  scrape(node: string, mono: number, claims: [pod: string, device: string][]): this {
    const body: Scrape = {
      node,
      sentMono: mono - 2,
      receivedMono: mono + 2,
      date: Math.floor(mono / 1_000) * 1_000,
      claims: claims.map(([pod, device]) => ({ device, pod, container: MAIN })),
      parts: 0,
    };
    return this.add(`exporter/${node}`, 'exporter.scraped', body);
  }

  /** A start as it should be: allocated, associated, listed, usable at both looks. */
  start(pod: string, device: string, at: number): this {
    return this.allocate(`a-${pod}`, [device], at)
      .associate(`a-${pod}`, device, at + 250)
      .listed([pod, device])
      .pod(pod)
      .probe(pod, `a-${pod}`, 0, [device], at + 1_000)
      .probe(pod, `a-${pod}`, 1, [device], at + 1_200);
  }
}

/** So many starts, one after the other on one device. */
export function starts(count: number): Written {
  const written = new Written();
  for (let index = 0; index < count; index++) written.start(`p${index}`, 'gpu-0', index * 2_000);
  return written;
}
