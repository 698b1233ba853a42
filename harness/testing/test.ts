/**
 * `npm test [LANE …]`: every lane that this machine can hold, each in processes of its own. First what may run beside
 * others, two at once and one more that mostly waits, and what each says is printed in one piece; of those that make clusters
 * of containers one at a time, where this machine has not what two want. Then the rest: where there are processors enough,
 * lanes that start Docker's containers beside those that do not; on two processors they would take each other's time. A lane
 * that this machine cannot hold is skipped by name with the reason, which is a failure where ORDEAL_REQUIRE_LANES=all. The
 * lanes `soak` and `hardware` run only by their names. The last lines are what failed, for a reader who has only the end of
 * the output, and the count.
 */
import { fork } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { tryRun } from '../exec/exec.ts';
import type { Outcome } from './outcome.ts';

interface Lane {
  name: string;
  /** Ends of the test files that are this lane's. */
  files(name: string): boolean;
  /** Why this machine cannot hold it. */
  missing(): Promise<string | undefined>;
  /**
   * Which of its files may run beside others: those that judge nothing by what a processor that is shared would change, and
   * that look at nothing but their own processes. None unless told.
   */
  beside?(name: string): boolean;
  /** Each of those files in a process of its own. */
  split?: boolean;
  /** Which of those wait for minutes, for timers and sweepers, and take a processor for seconds. */
  waits?(name: string): boolean;
  /** Lanes of one track run one after the other. */
  track: 'machine' | 'docker';
  timeoutMs: number;
  /** Runs only where it is asked for by name: CI has no machine for it, or not the time. */
  byName?: boolean;
}

/** A certification on kind alone keeps two busy. */
const PROCESSORS_FOR_TWO = 4;

/**
 * A kind control plane takes 26 inotify instances and a worker 12 to 14: two clusters of two workers each about a hundred.
 * Linux gives a user 128 unless told, and the machine’s own programs and whatever cluster somebody has there want some of
 * them. Where none is left, kubelets do not come up, and a log that is followed ends in the middle.
 */
const INSTANCES = { file: '/proc/sys/fs/inotify/max_user_instances', forTwo: 256 };

const FOLDERS = ['harness', 'clusters', 'faults', 'suites', 'reports'];
const LANE_TEST = /\.(embedded|s3|netns|mosquitto|browser|uml|kind|k3s|soak|hardware)\.test\.ts$/;

const lanes: readonly Lane[] = [
  {
    name: 'unit',
    files: (name) => name.endsWith('.test.ts') && !LANE_TEST.test(name),
    missing: async () => undefined,
    beside: () => true,
    track: 'machine',
    timeoutMs: 20_000,
  },
  {
    name: 'embedded',
    files: (name) => name.endsWith('.embedded.test.ts'),
    missing: async () => undefined,
    // What certifies is judged by latencies and deadlines; what kills looks for whatever is left on the machine.
    beside: (name) => !/\/(certification|controls|killed|two-harnesses)\./.test(name),
    split: true,
    waits: (name) => /\/(api-away|killed-up)\./.test(name),
    track: 'machine',
    timeoutMs: 180_000,
  },
  {
    name: 's3',
    files: (name) => name.endsWith('.s3.test.ts'),
    missing: () => missingCommand('go'),
    beside: () => true,
    track: 'machine',
    timeoutMs: 300_000,
  },
  {
    name: 'netns',
    files: (name) => name.endsWith('.netns.test.ts'),
    missing: () => missingFor('netns'),
    beside: (name) => !/\/(certification|incident|killed|full-disk)\b/.test(name),
    track: 'machine',
    timeoutMs: 120_000,
  },
  {
    name: 'mosquitto',
    files: (name) => name.endsWith('.mosquitto.test.ts'),
    missing: async () =>
      (await missingFor('netns')) ?? missingCommand('mosquitto', 'mosquitto_pub', 'mosquitto_sub'),
    track: 'machine',
    timeoutMs: 60_000,
  },
  {
    name: 'browser',
    files: (name) => name.endsWith('.browser.test.ts'),
    missing: () => missingCommand('chromium'),
    beside: () => true,
    track: 'machine',
    timeoutMs: 60_000,
  },
  {
    name: 'uml',
    files: (name) => name.endsWith('.uml.test.ts'),
    missing: () => missingFor('uml'),
    track: 'machine',
    timeoutMs: 240_000,
  },
  {
    name: 'kind',
    files: (name) => name.endsWith('.kind.test.ts'),
    missing: async () => (await missingFor('kind')) ?? missingCommand('go'),
    // What is judged by a suite, by latencies and late scrapes, is judged alone, and what certifies looks for any container that
    // is left. The others look at nothing but clusters and nodes with names of their own, and have room for a neighbour.
    beside: (name) => !/\/(certification|pod-network)\./.test(name),
    split: true,
    track: 'docker',
    timeoutMs: 600_000,
  },
  {
    name: 'k3s',
    files: (name) => name.endsWith('.k3s.test.ts'),
    missing: () => missingFor('k3s'),
    track: 'docker',
    timeoutMs: 600_000,
  },
  {
    name: 'soak',
    files: (name) => name.endsWith('.soak.test.ts'),
    missing: () => missingFor('kind'),
    track: 'docker',
    timeoutMs: 900_000,
    byName: true,
  },
  {
    name: 'hardware',
    files: (name) => name.endsWith('.hardware.test.ts'),
    missing: () => missingCommand('unshare', 'nvidia-smi', 'nvidia-device-plugin'),
    track: 'machine',
    timeoutMs: 240_000,
    byName: true,
  },
];

let doctor: Promise<Record<string, { name: string; ok: boolean; detail: string }[]>> | undefined;

/** What `ordeal doctor` finds missing for a provider or an isolation, in one line. */
async function missingFor(what: string): Promise<string | undefined> {
  doctor ??= tryRun([process.execPath, 'ordeal.mjs', 'doctor', '--json']).then(({ stdout }) =>
    JSON.parse(stdout),
  );
  const missing = (await doctor)[what]?.filter(({ ok }) => !ok);
  return missing?.map(({ name, detail }) => `${name}: ${detail}`).join('; ') || undefined;
}

/** The first command of these that this machine lacks. */
async function missingCommand(...commands: string[]): Promise<string | undefined> {
  for (const command of commands) {
    const there = await tryRun([command, '--help']).catch(() => undefined);
    if (!there) return `there is no ${command} command`;
  }
  return undefined;
}

/** How many files that start Docker’s containers may run beside each other. */
function clustersAtOnce(): number {
  // A machine without the file is not Linux, and its containers are in a machine of their own.
  if (!existsSync(INSTANCES.file)) return 2;
  return Number(readFileSync(INSTANCES.file, 'utf8')) < INSTANCES.forTwo ? 1 : 2;
}

/** The files of a lane, in the order in which they run. */
function filesOf(lane: Lane): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => lane.files(name))
      .map((name) => join(folder, name)),
  ).sort();
}

async function runFiles({ files, lane, name }: Piece, alone: boolean): Promise<Outcome> {
  const runner = join(import.meta.dirname, 'run-mocha.ts');
  const mocha = fork(runner, [String(lane.timeoutMs), ...files], {
    execArgv: ['--import', 'tsx'],
    stdio: alone ? 'inherit' : ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const said: Buffer[] = [];
  for (const stream of [mocha.stdout, mocha.stderr]) stream?.on('data', (chunk) => said.push(chunk));
  let outcome: Outcome | undefined;
  mocha.on('message', (message) => {
    outcome = message as Outcome;
  });
  const code = await new Promise<number | null>((resolve) => mocha.once('close', resolve));
  if (!alone) process.stdout.write(`${name}\n${Buffer.concat(said)}`);
  // A runner that fell over before its count, or failed outside of a test, must not read as green.
  outcome ??= { passed: 0, failed: 0, skipped: 0, failures: [] };
  if (code !== 0 && outcome.failed === 0) {
    outcome.failed = 1;
    outcome.failures.push({ title: 'its process', message: `ended with exit code ${code}` });
  }
  return outcome;
}

const asked = process.argv.slice(2);
const required = process.env.ORDEAL_REQUIRE_LANES === 'all';
if (!existsSync('package.json')) throw new Error('run the tests from the repository’s root: npm test');
const total = { passed: 0, failed: 0, skipped: 0 };
const failures: string[] = [];

/** Enough of an error to know it again; the whole stands with its lane. What a command said says at its end how it ended. */
const MESSAGE = { begin: 400, end: 1_200 };

function shortened(message: string): string {
  if (message.length <= MESSAGE.begin + MESSAGE.end) return message;
  return `${message.slice(0, MESSAGE.begin)} […] ${message.slice(-MESSAGE.end)}`;
}

/** Files of one lane that run together. */
interface Piece {
  lane: Lane;
  /** As it is told of. */
  name: string;
  files: string[];
}

/** What of these lanes may run beside others, or the rest of them. */
function piecesOf(held: readonly Lane[], beside: boolean): Piece[] {
  return held.flatMap((lane) => {
    const all = filesOf(lane);
    const files = all.filter((name) => (lane.beside?.(name) ?? false) === beside);
    if (files.length === 0) return [];
    if (beside && lane.split)
      return files.map((name) => ({ lane, name: `lane ${lane.name}, ${name}`, files: [name] }));
    const part = files.length === all.length ? '' : beside ? ', beside others' : ', alone';
    return [{ lane, name: `lane ${lane.name}${part}`, files }];
  });
}

async function runPiece(piece: Piece, alone: boolean): Promise<void> {
  const { lane, name } = piece;
  console.log(`${name} starts`);
  const started = performance.now();
  const outcome = await runFiles(piece, alone);
  console.log(`${name} took ${Math.round((performance.now() - started) / 1_000)} s`);
  total.passed += outcome.passed;
  total.failed += outcome.failed + (required ? outcome.skipped : 0);
  total.skipped += required ? 0 : outcome.skipped;
  for (const { title, message } of outcome.failures) {
    failures.push(`lane ${lane.name}: ${title}\n    ${shortened(message).replaceAll('\n', '\n    ')}`);
  }
  if (required && outcome.skipped > 0) failures.push(`lane ${lane.name}: ${outcome.skipped} skipped tests`);
}

/** Those of the lanes that this machine can hold; the others are told of. */
async function heldOf(lanes: readonly Lane[]): Promise<Lane[]> {
  const held: Lane[] = [];
  for (const lane of lanes) {
    const missing = await lane.missing();
    if (missing === undefined) {
      held.push(lane);
      continue;
    }
    console.log(`${required ? 'FAILED' : 'skipped'}: lane ${lane.name}: ${missing}`);
    if (required) failures.push(`lane ${lane.name}: ${missing}`);
    total[required ? 'failed' : 'skipped'] += 1;
  }
  return held;
}

const chosen = lanes.filter(({ byName, name }) => (asked.length === 0 ? !byName : asked.includes(name)));
const held = await heldOf(chosen);
// Many files take long: the others run beside them.
const shared = piecesOf(held, true).sort((a, b) => b.files.length - a.files.length);
const [twoAtOnce, oneAtOnce, ofDocker] = [pLimit(2), pLimit(1), pLimit(clustersAtOnce())];
await Promise.all(
  shared.map(async (piece) => {
    const work = () => runPiece(piece, shared.length === 1);
    if (piece.files.every((name) => piece.lane.waits?.(name))) return await oneAtOnce(work);
    return await twoAtOnce(() => (piece.lane.track === 'docker' ? ofDocker(work) : work()));
  }),
);
const tracks = (['machine', 'docker'] as const)
  .map((name) => piecesOf(held, false).filter(({ lane }) => lane.track === name))
  .filter((track) => track.length > 0);
const sideBySide = tracks.length > 1 && availableParallelism() >= PROCESSORS_FOR_TWO;
const runTrack = async (track: readonly Piece[]) => {
  for (const piece of track) await runPiece(piece, !sideBySide);
};
if (sideBySide) await Promise.all(tracks.map(runTrack));
else for (const track of tracks) await runTrack(track);
process.exitCode = total.failed > 0 || chosen.length === 0 ? 1 : 0;
for (const failure of failures) console.log(`failed: ${failure}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
