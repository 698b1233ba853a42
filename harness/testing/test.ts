/**
 * `npm test [LANE …]`: every lane that this machine can hold, each in a process of its own. A lane that it cannot hold
 * is skipped by name with the reason, which is a failure where ORDEAL_REQUIRE_LANES=all. The last line is the count.
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
  timeoutMs: number;
}

const FOLDERS = ['harness', 'clusters', 'faults', 'suites', 'reports'];
const LANE_TEST = /\.(embedded|kind)\.test\.ts$/;

const lanes: readonly Lane[] = [
  {
    name: 'unit',
    files: (name) => name.endsWith('.test.ts') && !LANE_TEST.test(name),
    missing: async () => undefined,
    timeoutMs: 20_000,
  },
  {
    name: 'embedded',
    files: (name) => name.endsWith('.embedded.test.ts'),
    missing: async () => undefined,
    timeoutMs: 180_000,
  },
  {
    name: 'kind',
    files: (name) => name.endsWith('.kind.test.ts'),
    missing: missingForKind,
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

async function runLane(lane: Lane): Promise<Counts> {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => lane.files(name))
      .map((name) => join(folder, name)),
  ).sort();
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const runner = join(import.meta.dirname, 'run-mocha.ts');
  const mocha = fork(runner, [String(lane.timeoutMs), ...files], { execArgv: ['--import', 'tsx'] });
  let counts: Counts | undefined;
  mocha.on('message', (message) => {
    counts = message as Counts;
  });
  const code = await new Promise<number | null>((resolve) => mocha.once('exit', resolve));
  // A runner that fell over before its count, or failed outside of a test, must not read as green.
  counts ??= { passed: 0, failed: 1, skipped: 0 };
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

const asked = process.argv.slice(2);
const required = process.env.ORDEAL_REQUIRE_LANES === 'all';
if (!existsSync('package.json')) throw new Error('run the tests from the repository’s root: npm test');
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
for (const lane of lanes.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
  const missing = await lane.missing();
  if (missing !== undefined) {
    console.log(`${required ? 'FAILED' : 'skipped'}: lane ${lane.name}: ${missing}`);
    total[required ? 'failed' : 'skipped'] += 1;
    continue;
  }
  console.log(`lane ${lane.name}`);
  const counts = await runLane(lane);
  total.passed += counts.passed;
  total.failed += counts.failed + (required ? counts.skipped : 0);
  total.skipped += required ? 0 : counts.skipped;
}
process.exitCode = total.failed > 0 ? 1 : 0;
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
