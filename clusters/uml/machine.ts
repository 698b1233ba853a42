import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { ended } from '../../harness/history/ended.ts';
import { parseHistory } from '../../harness/history/reader.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import { HISTORY_FILE, PLAN_FILE } from '../../harness/run/files.ts';
import type { Machine, RunContext } from '../../harness/run/ports.ts';
import { filesOfGuests } from '../programs/bundle.ts';
import { boot, consoleOf, consoleTail, GUEST_WORK, type Guest } from './boot.ts';

const BOOT_MS = 90_000;
/** What a run in the guest may take to heal and tear down after its deadline or a signal. */
const GRACE_MS = 45_000;
/** The least of a deadline that a plan is handed over with. */
const LEAST_MS = 1_000;

/** Below the guest's work folder. */
const PROGRAMS = 'programs';

/** A user-mode-Linux guest in which this project's own programs conduct whole plans, on the guest's kernel and clock. */
export async function umlMachine(context: RunContext): Promise<Machine> {
  const { clock, plan, progress, signal, undo, workDir } = context;
  const deadlineMono = clock.mono() + plan.deadline;
  const work = join(workDir, 'g');
  await writeGuestPrograms(join(work, PROGRAMS));
  const started = clock.mono();
  const guest = await boot({ work, undo, signal, deadlineMs: BOOT_MS });
  const seconds = ((clock.mono() - started) / 1_000).toFixed(1);
  progress(`edge network: isolation uml, the kernel ${guest.kernel} of a guest that booted in ${seconds} s`);
  let runs = 0;
  return {
    name: 'user-mode Linux',
    async conduct(own, replay) {
      const folder = `run-${++runs}`;
      await mkdir(join(work, folder));
      const left = Math.max(LEAST_MS, deadlineMono - clock.mono());
      await writeFile(join(work, folder, PLAN_FILE), stringify(guestPlan(own.plan, left)));
      const reason = await runIn(guest, own, folder, replay);
      await takeOut(own, { guest, work, folder, reason });
    },
  };
}

/** Each is one file: modules by the hundred, each a file of the host, take the guest's one processor minutes to load. */
async function writeGuestPrograms(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { contents, file } of await filesOfGuests()) await writeFile(join(folder, file), contents);
}

/** Relative to the guest's work folder, whatever the host calls that. */
function guestPlan(plan: Plan, deadline: number): Plan {
  return { ...plan, deadline, cluster: { ...plan.cluster, isolation: 'uml' } };
}

/** Why the run had no end of its own, if it had none; what it said on standard error otherwise. */
async function runIn(
  guest: Guest,
  { clock, log, progress, signal }: RunContext,
  folder: string,
  replay: string,
): Promise<{ cut?: string; code?: number | null; said: string }> {
  const said: string[] = [];
  const inGuest = `${GUEST_WORK}/${folder}`;
  const command = guest.channel.run({
    argv: [
      ...[process.execPath, `${GUEST_WORK}/${PROGRAMS}/guest.mjs`, '--plan', `${inGuest}/plan.yaml`],
      ...['--out', `${inGuest}/out`, '--replay', replay],
    ],
    cwd: inGuest,
    onLine(line, stream) {
      log.info({ guest: stream }, line);
      if (stream === 'stdout') return;
      said.push(line);
      const step = /^ *[\d.]+ s {2}(.*)$/.exec(line)?.[1];
      if (step !== undefined) progress(step);
    },
  });
  const interrupted = () => {
    const code = signal.reason instanceof OrdealError ? signal.reason.code : undefined;
    // Its own deadline is the same one.
    if (code !== 'DEADLINE') command.signal('SIGINT');
  };
  if (signal.aborted) interrupted();
  signal.addEventListener('abort', interrupted, { once: true });
  const settled = new AbortController();
  const how = await Promise.race([
    command.ended.then(({ code, error }) =>
      error === undefined ? { code } : { cut: `its command failed: ${error}` },
    ),
    guest.ended.then((what) => ({ cut: `the guest ended: ${what}` })),
    patience(signal, settled.signal, (ms) => clock.sleep(ms, settled.signal)),
  ]);
  settled.abort();
  signal.removeEventListener('abort', interrupted);
  return { ...how, said: said.slice(-8).join('\n') };
}

/** Resolves when the grace after the abort is over; never where the run settles first. */
async function patience(
  signal: AbortSignal,
  settled: AbortSignal,
  sleep: (ms: number) => Promise<void>,
): Promise<{ cut: string }> {
  if (!signal.aborted) {
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true, signal: settled });
    });
  }
  await sleep(GRACE_MS).catch(() => new Promise<never>(() => undefined));
  return { cut: `the guest did not answer for ${GRACE_MS / 1_000} s after the run’s end was asked for` };
}

/**
 * The run's files, into its own folder: the history, closed where the guest could not close it, logs and the console.
 * @throws OrdealError UML_RUN_FAILED (exit 4) where nothing was recorded.
 */
async function takeOut(
  { outDir, clock, signal }: RunContext,
  from: { guest: Guest; work: string; folder: string; reason: Awaited<ReturnType<typeof runIn>> },
): Promise<void> {
  const { folder, guest, reason, work } = from;
  const out = join(work, folder, 'out');
  // What has gone, or does not answer, must write no more while it is read.
  if (reason.cut !== undefined) await guest.end();
  const text = await readFile(join(out, HISTORY_FILE), 'utf8').catch(() => undefined);
  for (const [file, name] of [
    [join(out, 'ordeal.log'), 'guest.log'],
    [join(out, 'logs'), 'logs'],
    [consoleOf(work), 'console.log'],
  ] as const) {
    await cp(file, join(outDir, name), { recursive: true }).catch(() => undefined);
  }
  if (text === undefined) {
    signal.throwIfAborted();
    throw new OrdealError({
      code: 'UML_RUN_FAILED',
      exit: EXIT.unable,
      tried: 'running the plan in a user-mode-Linux guest',
      seen: `${reason.cut ?? `exit code ${reason.code}`}\n${reason.said}${reason.cut ? await consoleTail(work) : ''}`,
      todo: `look at ${outDir}; --isolation process needs no guest`,
    });
  }
  const path = join(outDir, HISTORY_FILE);
  const whole = reason.cut === undefined ? text : ended(parseHistory(text, path), reason.cut, clock.wall());
  await writeFile(`${path}.part`, whole);
  await rename(`${path}.part`, path);
}
