/**
 * `npm test [LANE …]`: every lane that this machine can hold, each in a process of its own. Lanes that start containers
 * of Docker's run one after the other beside those that do not; what a lane says is printed in one piece. A lane that
 * this machine cannot hold is skipped by name with the reason, which is a failure where ORDEAL_REQUIRE_LANES=all. The
 * last line is the count.
 */
import { fork } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { tryRun } from '../exec/exec.ts';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

interface Lane {
  name: string;
  /** Ends of the test files that are this lane's. */
  files(name: string): boolean;
  /** Why this machine cannot hold it. */
  missing(): Promise<string | undefined>;
  /** Lanes of one track run one after the other. */
  track: 'machine' | 'docker';
  timeoutMs: number;
}

const FOLDERS = ['harness', 'clusters', 'faults', 'suites', 'reports'];
const LANE_TEST = /\.(embedded|kind)\.test\.ts$/;

const lanes: readonly Lane[] = [
  {
    name: 'unit',
    files: (name) => name.endsWith('.test.ts') && !LANE_TEST.test(name),
    missing: async () => undefined,
    track: 'machine',
    timeoutMs: 20_000,
  },
  {
    name: 'embedded',
    files: (name) => name.endsWith('.embedded.test.ts'),
    missing: async () => undefined,
    track: 'machine',
    timeoutMs: 180_000,
  },
  {
    name: 'kind',
    files: (name) => name.endsWith('.kind.test.ts'),
    missing: missingForKind,
    track: 'docker',
    timeoutMs: 600_000,
  },
];

/** What `ordeal doctor` would say of kind, in one line. */
async function missingForKind(): Promise<string | undefined> {
  for (const command of ['docker', 'kind']) {
    const found = await tryRun([command, 'version']).catch(() => undefined);
    if (found?.exitCode !== 0) return `\`${command} version\` does not succeed`;
  }
  const images = await tryRun(['docker', 'image', 'ls', '--quiet', 'localhost/ordeal-node']);
  return images.stdout === '' ? 'there is no node image: ordeal images build' : undefined;
}

async function runLane(lane: Lane, alone: boolean): Promise<Counts> {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => lane.files(name))
      .map((name) => join(folder, name)),
  ).sort();
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const runner = join(import.meta.dirname, 'run-mocha.ts');
  const mocha = fork(runner, [String(lane.timeoutMs), ...files], {
    execArgv: ['--import', 'tsx'],
    stdio: alone ? 'inherit' : ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const said: Buffer[] = [];
  for (const stream of [mocha.stdout, mocha.stderr]) stream?.on('data', (chunk) => said.push(chunk));
  let counts: Counts | undefined;
  mocha.on('message', (message) => {
    counts = message as Counts;
  });
  const code = await new Promise<number | null>((resolve) => mocha.once('close', resolve));
  if (!alone) process.stdout.write(`lane ${lane.name}\n${Buffer.concat(said)}`);
  // A runner that fell over before its count, or failed outside of a test, must not read as green.
  counts ??= { passed: 0, failed: 1, skipped: 0 };
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

const asked = process.argv.slice(2);
const required = process.env.ORDEAL_REQUIRE_LANES === 'all';
if (!existsSync('package.json')) throw new Error('run the tests from the repository’s root: npm test');
const total: Counts = { passed: 0, failed: 0, skipped: 0 };

async function runTrack(track: readonly Lane[], alone: boolean): Promise<void> {
  for (const lane of track) {
    const missing = await lane.missing();
    if (missing !== undefined) {
      console.log(`${required ? 'FAILED' : 'skipped'}: lane ${lane.name}: ${missing}`);
      total[required ? 'failed' : 'skipped'] += 1;
      continue;
    }
    console.log(`lane ${lane.name} starts`);
    const counts = await runLane(lane, alone);
    total.passed += counts.passed;
    total.failed += counts.failed + (required ? counts.skipped : 0);
    total.skipped += required ? 0 : counts.skipped;
  }
}

const chosen = lanes.filter(({ name }) => asked.length === 0 || asked.includes(name));
const tracks = (['machine', 'docker'] as const).map((name) => chosen.filter(({ track }) => track === name));
await Promise.all(tracks.map((track) => runTrack(track, chosen.length === 1)));
process.exitCode = total.failed > 0 || chosen.length === 0 ? 1 : 0;
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
