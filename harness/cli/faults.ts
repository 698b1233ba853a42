import { resolve } from 'node:path';
import { parse } from 'yaml';
import { systemClock } from '../clock/clock.ts';
import { waitFor } from '../clock/wait-for.ts';
import { EXIT, type ExitCode, OrdealError } from '../errors/error.ts';
import { parsePlan, planInvalid } from '../plan/load.ts';
import { Duration, type Plan } from '../plan/schema.ts';
import { leftBy } from '../run/left.ts';
import { makeWorkDir, removeWorkDir } from '../run/work-dir.ts';
import type { ClusterLeft } from '../verdict/verdict.ts';
import { handOutcome } from './hand-outcome.ts';
import type { HandFault, Parts } from './parts.ts';
import { providerOf } from './provider-of.ts';
import { inSession } from './session.ts';

export interface InjectOptions {
  target: string[];
  ttl: string;
  cluster: string;
  name: string;
  /** Of a cluster that is someone's. */
  context?: string;
  kubeconfig?: string;
  image?: string;
  with: string[];
  quiet: boolean;
}

/** How long a session may go on after the TTL: nodes start, and are seen to be healed. */
const MORE_MS = 300_000;
const HEALED_MS = 90_000;

/** `ordeal fault kinds`. */
export async function faultKinds(parts: Parts): Promise<ExitCode> {
  for (const { kind, title } of (await parts.faults()).kinds) {
    process.stdout.write(`${kind.padEnd(24)} ${title}\n`);
  }
  return EXIT.certified;
}

/**
 * `ordeal fault inject KIND`: one fault on a cluster that is up, held until its TTL or a signal. Exit 0 where it bit, was
 * there all the time and was seen to be gone, 2 where any of it was not seen, 130 after a signal.
 */
export async function faultInject(parts: Parts, kind: string, options: InjectOptions): Promise<ExitCode> {
  const wanted = handFault(kind, options);
  const faults = await parts.faults();
  faults.check(wanted, options.cluster);
  const plan = sessionPlan(options, wanted);
  const provider = await providerOf(parts, plan);
  // One that goes with the command, also where that is killed: its log is for nobody.
  const outDir = makeWorkDir();
  let interrupted = false;
  let left: ClusterLeft | undefined;
  const history = await inSession({ plan, outDir, quiet: options.quiet }, async (context) => {
    const cluster = await provider.attach?.(options.name, context, (found) =>
      faults.checkTargets(wanted, found),
    );
    if (!cluster) throw notUp(options, provider.attach === undefined);
    const held = await faults.hold(wanted, context, cluster);
    interrupted = context.signal.aborted;
    if (cluster.left) left = await leftBy(cluster.left);
    return held;
  }).finally(() => removeWorkDir(outDir));
  const { exit, lines } = handOutcome(history, { left, interrupted });
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  return exit;
}

function handFault(kind: string, { target, ttl, with: parameters }: InjectOptions): HandFault {
  const parsed = Duration.safeParse(ttl);
  const ttlMs = parsed.success ? parsed.data : 0;
  if (ttlMs <= 0) {
    throw planInvalid('reading the command line', [
      { path: '--ttl', message: 'expected a duration above 0, such as 60s' },
    ]);
  }
  const pairs = parameters.map((text): [string, unknown] => {
    const [, name, value] = /^(\w+)=(.+)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined) {
      throw planInvalid('reading the command line', [
        { path: '--with', message: `expected name=value, got ${text}` },
      ]);
    }
    return [name, parse(value)];
  });
  return { kind, with: Object.fromEntries(pairs), targets: target, ttlMs };
}

function sessionPlan(options: InjectOptions, { kind, targets, ttlMs }: HandFault): Plan {
  const { cluster, context, image, kubeconfig, name } = options;
  const set = [`cluster.provider=${cluster}`, `cluster.name=${name}`, `deadline=${ttlMs + MORE_MS}`];
  // What it is allowed to do there is asked before: by the fault, on the nodes that it is for.
  const someones: [string, unknown][] = [
    ['profile', 'as-is'],
    ['cluster.nodes', targets],
    ['suites.0.faults', [{ kind }]],
    ...(context === undefined ? [] : [['cluster.context', context] as [string, unknown]]),
    ...(kubeconfig === undefined ? [] : [['cluster.kubeconfig', resolve(kubeconfig)] as [string, unknown]]),
    ...(image === undefined ? [] : [['cluster.workloadImage', image] as [string, unknown]]),
  ];
  if (cluster === 'existing')
    set.push(...someones.map(([path, value]) => `${path}=${JSON.stringify(value)}`));
  return parsePlan('', 'reading the command line', set);
}

function notUp({ cluster, name }: InjectOptions, never: boolean): OrdealError {
  return new OrdealError({
    code: 'CLUSTER_NOT_UP',
    exit: EXIT.unable,
    tried: `finding the ${cluster} cluster ${name}`,
    seen: never
      ? 'a fault cannot be injected by hand on clusters of this provider'
      : 'there is none that is up',
    todo: never
      ? 'take --cluster embedded, kind or existing'
      : `run \`ordeal up --cluster ${cluster} --name ${name}\` first`,
  });
}

/** `ordeal fault list`: what the journal lists, a line each. */
export async function faultList(parts: Parts): Promise<ExitCode> {
  const all = (await parts.faults()).held();
  for (const { byHand, deadlineWall, held, id, kind, pid, target } of all) {
    const where = target === undefined ? '' : ` on ${target}`;
    const until = deadlineWall === undefined ? '' : `, at most until ${new Date(deadlineWall).toISOString()}`;
    const whose = held
      ? `held by ${byHand ? 'a command' : 'a run'}, process ${pid}`
      : 'left by one that is gone';
    process.stdout.write(`${id}  ${kind}${where}: ${whose}${until}\n`);
  }
  if (all.length === 0) process.stdout.write('no fault is listed\n');
  return EXIT.certified;
}

/**
 * `ordeal fault heal [ID…]`: has the commands heal that hold a fault by hand, and heals what is left of runs that are gone.
 * A run that lives keeps its faults, and heals them itself when it is interrupted: exit 4 where one was named.
 * @throws OrdealError FAULT_UNKNOWN (exit 3), FAULTS_NOT_HEALED (exit 4)
 */
export async function faultHeal(parts: Parts, ids: readonly string[]): Promise<ExitCode> {
  const faults = await parts.faults();
  const all = faults.held();
  const strange = ids.filter((id) => !all.some((fault) => fault.id === id));
  if (strange.length > 0) throw unknown(strange);
  const wanted = all.filter(({ id }) => ids.length === 0 || ids.includes(id));
  const others = wanted.filter(({ byHand, held }) => held && !byHand);
  const mine = wanted.filter(({ byHand, held }) => held && byHand);
  for (const { pid } of mine) askToEnd(pid);
  // What one has left that ended all the same is the journal's.
  const left = () => faults.held().filter(({ held, id }) => held && mine.some((fault) => fault.id === id));
  await waitFor(() => left().length === 0, {
    what: `the heal of ${mine.map(({ id }) => id).join(', ')}`,
    deadlineMs: HEALED_MS,
    intervalMs: 100,
    clock: systemClock,
  });
  const healed = [...mine.map(({ id }) => `fault ${id}`), ...(await parts.healJournal())];
  process.stdout.write(healed.map((line) => `healed: ${line}\n`).join('') || 'nothing was to heal\n');
  for (const { id, pid } of others) {
    process.stdout.write(
      `left: ${id} is of a run that lives, process ${pid}; interrupt that, and it heals\n`,
    );
  }
  return others.length > 0 && ids.length > 0 ? EXIT.unable : EXIT.certified;
}

function askToEnd(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    // It has ended since it was listed, at its TTL as a rule.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function unknown(ids: readonly string[]): OrdealError {
  return new OrdealError({
    code: 'FAULT_UNKNOWN',
    exit: EXIT.usage,
    tried: `finding ${ids.join(', ')} in the journal`,
    seen: 'no such fault is listed',
    todo: 'take an id of `ordeal fault list`; what is healed is listed no more',
  });
}
