import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { chance } from '../../harness/verdict/testing/simulation.ts';
import { type Refusal, refusalOf } from '../mutants/mutant.ts';
import { ordeal, outFolder, verdictIn } from '../testing/command.ts';
import { Draw } from './draw.ts';
import type { Variation } from './variations.ts';

/** They wait more than they work. */
const atOnce = pLimit(availableParallelism());

const setting = (name: string, value: unknown) => [
  '--set',
  `suites.0.settings.${name}=${JSON.stringify(value)}`,
];

/** Ways in which a sound embedded cluster may differ, as options of the command. */
const KINDS: Readonly<Record<string, (draw: Draw) => string[]>> = {
  'bindings that are slow and right': () => setting('bindLatency', [300, 400]),
  'bindings as quick as can be': () => setting('bindLatency', [1, 5]),
  'many devices': (draw) => {
    const gpusPerNode = draw.int(12, 24);
    return [...setting('gpusPerNode', gpusPerNode), ...setting('starts', 2 * gpusPerNode)];
  },
  'two devices a node': () => [...setting('gpusPerNode', 2), ...setting('replicas', 2)],
  'several devices a pod': () => [...setting('gpusPerReplica', 2), ...setting('replicas', 3)],
  'a slow kubelet': (draw) => ['--set', `cluster.startLatency=${draw.int(900, 1_500)}`],
  'one node': () => ['--workers', '1'],
  'many Jobs': (draw) => [...setting('jobsAtOnce', draw.int(4, 6)), ...setting('replicas', 2)],
  'another seed and framework': (draw) => [
    ...['--seed', String(draw.int(1, 1_000_000))],
    ...setting('framework', draw.of(['pytorch', 'tensorflow'])),
  ],
  'many looks': () => [...setting('hold', 1_500), ...setting('probeInterval', 150)],
};

/** A certification of the hardened profile on an embedded cluster that is sound and not as most are. */
export function embeddedVariation(seed: number): Variation {
  const kinds = Object.keys(KINDS);
  const kind = kinds[seed % kinds.length] as string;
  const draw = new Draw(chance(seed + 1));
  const options = KINDS[kind]?.(draw) ?? [];
  return { kind: `embedded: ${kind}`, seed, judged: () => atOnce(() => certified(options)) };
}

async function certified(options: readonly string[]): Promise<Refusal> {
  const out = outFolder();
  try {
    const { code, output } = await ordeal(
      ...['run', '--suite', 'gpu', '--profile', 'hardened', '--level', 'smoke', '--out', out],
      ...(options.includes('--workers') ? [] : ['--workers', '2']),
      ...(options.some((option) => option.includes('settings.starts')) ? [] : setting('starts', 16)),
      ...options,
    );
    if (code === null || code > 2) throw new Error(`the run ended with exit code ${code}: ${output}`);
    return refusalOf(verdictIn(out));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
