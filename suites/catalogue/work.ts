/** What a scenario's containers run on a fake GPU node, and what their logs say. */
import { z } from 'zod';
import { probeScript } from '../gpu/workload/probe.ts';

/** Longer than any scenario. */
const LIFE_MS = 900_000;
const INTERVAL_MS = 250;

/** Looks at its devices at its start and then all the time, and goes on whatever it sees. */
export const PROBE = probeScript(LIFE_MS, INTERVAL_MS);

/** The same of one that is of no use without its device, and says so at its start. */
export const WORKER = ['nvidia-smi >/dev/null || exit 1', PROBE].join('\n');

/** The word at which the container of `RESTARTED` ends, once. */
export const RESTART = 'restart';

/** The same, which ends when it is told to; started again, it goes on. */
export const RESTARTED = [
  'smi=$(command -v nvidia-smi)',
  `word="\${smi%/usr/bin/nvidia-smi}/run/ordeal-gpu/${RESTART}"`,
  `look() {\n${PROBE}\n}`,
  'if [ -e "$word" ]; then',
  '  look',
  'else',
  '  look &',
  '  while [ ! -e "$word" ]; do sleep 0.1; done',
  '  kill $!',
  'fi',
].join('\n');

/** Asks every device that it sees for work, says which did any, and succeeds where so many did. */
export const workOnEvery = (devices: number): string =>
  [
    "listed=''; worked=''; count=0",
    // Where there is none it says so in words, and fails.
    "uuids=$(nvidia-smi --query-gpu=uuid 2>/dev/null) || uuids=''",
    'for uuid in $uuids; do',
    '  listed="$listed,\\"$uuid\\""',
    '  CUDA_VISIBLE_DEVICES=$uuid vectorAdd >/dev/null 2>&1 || continue',
    '  worked="$worked,\\"$uuid\\""; count=$((count + 1))',
    'done',
    `echo "{\\"ordeal\\":\\"work\\",\\"listed\\":[\${listed#,}],\\"worked\\":[\${worked#,}]}"`,
    `[ "$count" -eq ${devices} ]`,
  ].join('\n');

/** Asks the first device for work alone, as the CUDA sample does. */
export const WORK_ON_FIRST = 'vectorAdd';

const Look = z.object({
  ordeal: z.literal('probe'),
  n: z.int(),
  usable: z.array(z.string()),
  visible: z.string(),
});
const Work = z.object({
  ordeal: z.literal('work'),
  listed: z.array(z.string()),
  worked: z.array(z.string()),
});

/** A line of `PROBE`; undefined where it is none. */
export function lookIn(line: string): { n: number; usable: string[]; visible: string[] } | undefined {
  const { data } = Look.safeParse(json(line));
  return data && { n: data.n, usable: data.usable, visible: data.visible.split(',').filter(Boolean) };
}

/** A line of `workOnEvery`; undefined where it is none. */
export function workIn(line: string): { listed: string[]; worked: string[] } | undefined {
  const { data } = Work.safeParse(json(line));
  return data && { listed: data.listed, worked: data.worked };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
