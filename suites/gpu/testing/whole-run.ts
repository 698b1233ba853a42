import type { History } from '../../../harness/history/event.ts';
import type { PodSeen } from '../events.ts';
import { MAIN } from '../workload/jobs.ts';
import { Written } from './written.ts';

export const FAULT = 'bind-delay-1';
const NODES = ['w1', 'w2'];
const GPUS = 2;

/** What of a run is other than it should be. */
export interface Twist {
  /** The devices that pod `b` can use at its looks, of which it was given gpu-1. */
  looks?: string[][];
  listed?: string[];
  /** When pod `b`’s device was associated, after its Allocate. */
  boundAfterMs?: number;
  /** The device that the exporter says pod `b` holds. */
  exported?: string;
  /** The last word on pod `b`. */
  pod?: Partial<PodSeen>;
  /** Allocatable GPUs on w2 in the end. */
  left?: number;
  backAfterMs?: number;
  freshWorks?: boolean;
  quota?: { hard: number; used: number } | null;
  bit?: boolean;
  healed?: boolean;
  missed?: boolean;
}

/** A whole run as the judge gets it: a Job of two pods on two GPUs of w1, the plugin restarted, all well but for the twist. */
export function wholeRun(twist: Twist = {}): History {
  const {
    looks = [['gpu-1'], ['gpu-1'], ['gpu-1']],
    listed = ['gpu-1'],
    boundAfterMs = 300,
    exported = 'gpu-1',
    pod = {},
    left = GPUS,
    backAfterMs = 5_000,
    freshWorks = true,
    quota = { hard: 4, used: 2 },
    bit = true,
    healed = true,
    missed = false,
  } = twist;
  const written = new Written();
  const engine = (mono: number, type: string, body: object) => written.add('harness', type, body, mono);
  const say = (mono: number, type: string, body: object) => written.add('suite/gpu', type, body, mono);
  const ledger = (mono: number, type: string, body: object) =>
    written.add('node/w1', `ledger.${type}`, { at: mono, mono, type, ...body }, mono);
  const at = (mono: number, tell: () => void) => {
    const from = written.events.length;
    tell();
    for (const event of written.events.slice(from)) Object.assign(event, { mono, wall: 1e12 + mono });
  };
  const fault = { fault: FAULT, kind: 'gpu/bind-delay', target: 'every node', mechanism: 'knob' };
  const container = { name: MAIN, restartCount: 0, exitCode: null, waiting: null };
  const running = [{ ...container, started: true, finished: false }];

  engine(0, 'run.started', {
    runId: 'r1',
    ordeal: '0.1.0',
    seed: 1,
    profile: 'hardened',
    level: 'smoke',
    replay: 'ordeal run',
  });
  engine(1, 'cluster.up', {
    name: 'c',
    provider: 'embedded',
    versions: {},
    evidence: 'modelled',
    nodes: ['control-plane', ...NODES],
  });
  for (const node of NODES)
    say(100, 'node.allocatable', { node, resource: 'nvidia.com/gpu', allocatable: GPUS });
  if (missed) say(150, 'steady.missed', { suite: 'gpu', reason: 'no container started' });
  else say(150, 'steady.reached', { suite: 'gpu', measured: { starts: 1 } });
  engine(200, 'fault.injecting', fault);
  engine(210, 'fault.injected', { ...fault, detail: null });
  say(1_000, 'job.created', { job: 'j', at: 1_000, replicas: 2, phase: 'burst' });
  for (const name of ['a', 'b'])
    at(1_050, () => written.pod(name, { phase: 'Pending', node: null, containers: [] }));
  at(1_100, () => written.allocate('a-a', ['gpu-0'], 1_100));
  at(1_110, () => written.allocate('a-b', ['gpu-1'], 1_110));
  at(1_400, () => written.associate('a-a', 'gpu-0', 1_400));
  at(1_410, () => written.associate('a-b', 'gpu-1', 1_110 + boundAfterMs));
  at(1_500, () => written.listed(['a', 'gpu-0'], ['b', ...listed]));
  at(1_600, () => written.pod('a', { phase: 'Running', containers: running }));
  if (pod.containers?.length !== 0)
    at(1_610, () => written.pod('b', { phase: 'Running', containers: running }));
  engine(1_700, 'fault.bit', { fault: FAULT, bit, evidence: 'binds took 900 ms' });
  at(3_000, () => written.pod('a'));
  at(3_010, () => written.pod('b', pod));
  for (const [n, usable] of looks.entries()) {
    at(3_100 + n, () => written.probe('a', 'a-a', n, ['gpu-0'], 1_700 + 400 * n));
    if (pod.containers?.length !== 0)
      at(3_100 + n, () => written.probe('b', 'a-b', n, usable, 1_710 + 400 * n));
  }
  for (let mono = 1_300; mono < 3_200; mono += 200)
    at(mono, () =>
      written.scrape(
        'w1',
        mono,
        mono < 1_500 || mono > 2_900
          ? []
          : [
              ['a', 'gpu-0'],
              ['b', exported],
            ],
      ),
    );
  engine(3_200, 'fault.healing', { fault: FAULT });
  engine(3_300, 'fault.healed', { fault: FAULT, healed, evidence: 'binds take 250 ms' });
  say(4_000, 'restart.went', { node: 'w1' });
  ledger(4_100, 'plugin.stopped', { reason: 'told to' });
  say(4_200, 'node.allocatable', { node: 'w1', resource: 'nvidia.com/gpu', allocatable: 0 });
  const back = 4_100 + backAfterMs;
  ledger(back - 100, 'plugin.registered', { endpoint: 'e', resource: 'nvidia.com/gpu' });
  say(back, 'node.allocatable', { node: 'w1', resource: 'nvidia.com/gpu', allocatable: GPUS });
  say(back + 100, 'restart.fresh', { node: 'w1', works: freshWorks, detail: 'a fresh Job of 2 pods' });
  const end = Math.max(back, 70_000);
  for (const node of NODES)
    say(end, 'recovery.seen', { node, allocatable: node === 'w2' ? left : GPUS, expected: GPUS });
  if (quota) say(end + 1, 'quota.seen', { namespace: 'n', ...quota });
  else say(end + 1, 'quota.absent', { namespace: 'n' });
  for (const name of ['a', 'b'])
    at(end + 2, () => written.pod(name, { ...(name === 'b' ? pod : {}), gone: true }));
  engine(end + 3, 'run.ended', { outcome: 'done' });
  // The scrapes are written beside the rest, and happened among it.
  return [...written.events].sort((a, b) => a.mono - b.mono).map((event, seq) => ({ ...event, seq }));
}
