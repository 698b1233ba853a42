import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { type Ended, ordeal, outFolder, verdictIn } from '../testing/command.ts';
import { type Mutant, type Refusal, refusalOf } from './mutant.ts';

/** They wait more than they work. */
const atOnce = pLimit(availableParallelism());

const set = (path: string, value: unknown) => ['--set', `${path}=${JSON.stringify(value)}`];

/** One worker's certification under the hardened profile, as short as it can be. */
const HARDENED = [
  ...['run', '--suite', 'gpu', '--profile', 'hardened', '--level', 'smoke', '--workers', '1'],
  ...set('cluster.startLatency', 300),
  ...set('suites.0.settings.starts', 16),
  ...set('suites.0.settings.jobsAtOnce', 1),
  ...set('suites.0.settings.startDeadline', '8s'),
  // A plugin that comes back does so within seconds: one that does not need not be waited for longer.
  ...set('requirements.GPU-6.threshold', 8),
];

/** A row of the failure catalogue on a cluster of two devices a scenario. */
const SCENARIO = ['run', '--level', 'smoke', ...set('cluster.startLatency', 200)];

const SLOW_BINDING = set('suites.0.settings.bindLatency', [900, 1_000]);

type Row = [part: string, name: string, refusedBy: string[], options: string[], quick?: 'quick'];

const defect = (name: string) => set('suites.0.settings.defect', name);
const kubelet = (...variants: string[]) => set('cluster.kubelet', variants);
const remedy = (name: string, value: unknown) => set(`suites.0.remedies.${name}`, value);

const CERTIFICATIONS: readonly Row[] = [
  [
    'plugin',
    'gives every container the first device',
    ['GPU-1', 'GPU-2'],
    defect('duplicate-device'),
    'quick',
  ],
  ['plugin', 'gives each container the device next to its own', ['GPU-1'], defect('next-device')],
  ['plugin', 'forgets the last device of an allocation', ['GPU-1'], defect('forgotten-device'), 'quick'],
  ['plugin', 'answers with one container too few', ['GPU-3'], defect('wrong-count'), 'quick'],
  ['plugin', 'fails every fourth Allocate', ['GPU-3'], defect('failing-allocate')],
  [
    'plugin',
    'answers PreStartContainer too early',
    ['GPU-1'],
    [...defect('early-prestart'), ...SLOW_BINDING],
  ],
  ['plugin', 'waits nowhere', ['GPU-1'], [...remedy('wait', 'none'), ...SLOW_BINDING]],
  ['plugin', 'advertises a lost device as healthy', ['GPU-1'], defect('false-health'), 'quick'],
  ['plugin', 'never advertises a device that came back', ['GPU-5'], defect('lasting-unhealth')],
  ['plugin', 'never registers again', ['GPU-6'], defect('no-reregister'), 'quick'],
  ['plugin', 'knows of a device less after its restart', ['GPU-6'], defect('fewer-after-restart')],
  ['plugin', 'associates one device at a time', ['GPU-4'], remedy('workerPool', false)],
  ['driver', 'drops associations', ['GPU-1'], defect('dropped-association'), 'quick'],
  ['driver', 'takes a second for an association', ['GPU-4'], SLOW_BINDING],
  ['kubelet', 'gives devices to two', ['GPU-2'], kubelet('gives-held-devices'), 'quick'],
  ['kubelet', 'keeps the devices of pods that have ended', ['GPU-3'], kubelet('keeps-ended-devices')],
  ['kubelet', 'withholds the devices from the container', ['GPU-1'], kubelet('withholds-devices')],
  ['kubelet', 'does not call PreStartContainer', ['GPU-1'], [...kubelet('skips-prestart'), ...SLOW_BINDING]],
  ['kubelet', 'shows another device in PodResources', ['GPU-1'], kubelet('lists-first-device')],
  ['admission', 'lets more Jobs onto a node than its cap', ['GPU-7'], remedy('jobCap', false)],
  ['admission', 'has no quota', ['GPU-7'], remedy('quota', false)],
];

const scenario = (row: string, ...options: string[]) => ['--scenario', row, ...options];
const ONCE = ['--profile', 'incident'];

const SCENARIOS: readonly Row[] = [
  ['kubelet', 'keeps every pod waiting for one plugin', ['G1'], scenario('G1')],
  ['kubelet', 'ends running pods at its restart', ['G4'], scenario('G4', ...kubelet('ends-pods-at-restart'))],
  ['kubelet', 'takes an old plugin’s end for its successor’s', ['G7'], scenario('G7', ...ONCE)],
  ['plugin', 'registers once, before there is a kubelet', ['G8'], scenario('G8', ...ONCE)],
  ['plugin', 'does not see its stream end', ['G9'], scenario('G9', ...ONCE)],
  [
    'kubelet',
    'leaks the devices of a refused pod',
    ['G10'],
    scenario('G10', ...kubelet('leaks-refused-devices')),
  ],
  [
    'kubelet',
    'panics where a plugin ends in the midst of its Allocate',
    ['G3'],
    scenario('G3', ...kubelet('panics-at-broken-allocate')),
  ],
  ['kubelet', 'admits finished pods anew', ['G13'], scenario('G13', ...kubelet('admits-finished-pods'))],
];

const mutantsOf = (rows: readonly Row[], base: readonly string[]): (Mutant & { quick: boolean })[] =>
  rows.map(([part, name, refusedBy, options, quick]) => ({
    ...{ part, name, refusedBy, quick: quick !== undefined },
    judged: () => atOnce(() => judgedRun([...base, ...options])),
  }));

/** Whole runs of the command on the embedded cluster, of which one part is broken; `quick` are those of each CI run. */
export const runMutants: readonly (Mutant & { quick: boolean })[] = [
  ...mutantsOf(CERTIFICATIONS, HARDENED),
  ...mutantsOf(SCENARIOS, SCENARIO),
];

async function judgedRun(args: readonly string[]): Promise<Refusal> {
  const out = outFolder();
  try {
    const ended = await ordeal(...args, '--out', out);
    return refusalIn(out, ended);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** The verdict that the run left, whose exit code has to say the same. */
function refusalIn(out: string, { code, output }: Ended): Refusal {
  if (code === null || code > 2) throw new Error(`the run ended with exit code ${code}: ${output}`);
  const refusal = refusalOf(verdictIn(out));
  const said = ['pass', 'fail', 'inconclusive'][code];
  if (said !== refusal.verdict)
    throw new Error(`the run ended with exit code ${code} and its verdict is ${refusal.verdict}: ${output}`);
  return refusal;
}
