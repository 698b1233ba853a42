/** The error of measured outages: blackouts of known lengths, seen by the suite's own probers and judged by its own checker. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EdgeLink, EdgeNetwork } from '../../../clusters/network/port.ts';
import type { Figure } from '../../../harness/bench/benchmark.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { memoryRecorder } from '../../../harness/history/writer.ts';
import { Plan } from '../../../harness/plan/schema.ts';
import { UndoStack } from '../../../harness/run/undo.ts';
import { quantile } from '../../../harness/verdict/bounds.ts';
import { Programs } from '../../programs.ts';
import { timelines } from '../connectivity.ts';
import { edgeEvents } from '../events.ts';
import { Intake } from '../intake.ts';
import { resolve, settingsOf } from '../settings.ts';
import type { CloudOptions } from '../workload/cloud/options.ts';
import type { ProbeOptions } from '../workload/probe/options.ts';
import { machineClock } from '../workload/program.ts';
import { compare, doubtMs, drawBlackouts, shareOut, type Truth } from './blackouts.ts';

/** Makes a link carry nothing, and knows when. */
export interface Cutter {
  blackout(ms: number): Promise<Truth>;
  close(): Promise<void>;
}

/** What an isolation has to say about itself. */
export interface Ground {
  open(nodes: readonly string[], folder: string, undo: UndoStack): Promise<EdgeNetwork>;
  cutter(link: EdgeLink): Promise<Cutter>;
}

const BLACKOUTS = 100;
const LENGTHS_MS = [200, 15_000] as const;
const LINKS = 10;
const SEED = 1;
/** The design's. */
const GOAL_MS = 50;
const KEEPALIVE_S = 20;
const READY_MS = 60_000;

/** One round: all blackouts, some at once on each link, and what the probers made of them. */
export async function measureOutages(signal: AbortSignal, ground: Ground): Promise<Figure[]> {
  const undo = new UndoStack();
  try {
    return await measure(ground, undo, signal);
  } finally {
    const failed = await undo.unwind();
    for (const { error, title } of failed) process.stderr.write(`${title}: ${error}\n`);
  }
}

async function measure(ground: Ground, undo: UndoStack, signal: AbortSignal): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  undo.push('remove the bench’s folder', () => rm(folder, { recursive: true, force: true }));
  const { settings } = settingsOf(resolve(Plan.parse({ suites: [{ name: 'edge' }] })));
  const recorder = memoryRecorder(machineClock);
  const intake = new Intake(recorder);
  const programs = new Programs({ capabilities: new Set() }, folder);
  const failures: string[] = [];
  const start = async (name: 'edge-cloud' | 'edge-probe', options: object, enter: readonly string[]) => {
    const program = await programs.start(
      name,
      options,
      { enter },
      {
        onLine: (line) => intake.take(name, line),
        onFailed: (exitCode, said) => failures.push(`${name} ended with ${exitCode}: ${said}`),
      },
    );
    undo.push(`end ${name}`, () => program.stop());
    return program;
  };

  const nodes = Array.from({ length: LINKS }, (_, at) => `edge-${at}`);
  const network = await ground.open(nodes, join(folder, 'net'), undo);
  const { listen, hop } = network.cloud;
  const cloud: CloudOptions = {
    ...listen,
    broker: 'aedes',
    folder,
    protocol: settings.protocol,
    lateMs: settings.lateAfter,
    ledgerMs: 500,
  };
  await start('edge-cloud', cloud, hop?.enter ?? []);
  const probers = await Promise.all(
    network.links.map(async (link) => {
      await link.setOffload(false);
      // Both ends speak first thing, and no handshake falls into a blackout: they are due every two minutes.
      await link.setKeepalive(KEEPALIVE_S);
      const { path, node, throughTunnel } = link;
      const options: ProbeOptions = {
        ...{ node, path: 'tunnel', target: throughTunnel.echo },
        ...{ intervalMs: settings.probeInterval, timeoutMs: settings.probeTimeout },
      };
      return await start('edge-probe', options, path.kind === 'kernel' ? path.edge.enter : []);
    }),
  );
  const answered = (node: string) =>
    edgeEvents(recorder.events, 'ledger.probe.run').some(({ body }) => body.node === node && body.ok);
  await waitFor(() => nodes.every(answered), {
    what: 'an answer on every link',
    deadlineMs: READY_MS,
    signal,
  });

  const from = machineClock.mono();
  const lanes = shareOut(drawBlackouts(BLACKOUTS, LENGTHS_MS, SEED), LINKS);
  const truths = await Promise.all(
    network.links.map(async (link, at) => {
      const cutter = await ground.cutter(link);
      undo.push(`let ${link.node} through`, () => cutter.close());
      const made: Truth[] = [];
      for (const { ms, pauseMs } of lanes[at] ?? []) {
        await machineClock.sleep(pauseMs, signal);
        made.push(await cutter.blackout(ms));
      }
      await machineClock.sleep(settings.probeTimeout, signal);
      return made;
    }),
  );
  await Promise.all(probers.map((prober) => prober.stop()));
  if (failures.length > 0) throw new Error(failures.join('; '));

  const ways = timelines(recorder.events);
  const compared = network.links.map(({ node }, at) => {
    const way = ways.find((each) => each.node === node);
    // What there was before the first blackout is the tunnel coming up.
    return compare(truths[at] ?? [], way?.outages.filter(({ fromMono }) => fromMono >= from) ?? []);
  });
  const errors = compared.flatMap((each) => each.errors);
  const sizes = errors.map(Math.abs);
  const figure = (name: string, value: number | undefined, unit: string, goal?: number): Figure => ({
    ...{ name, value: value ?? Number.NaN, unit },
    ...(goal !== undefined && { goal }),
  });
  const count = (of: 'missed' | 'invented') => compared.reduce((sum, each) => sum + each[of], 0);
  return [
    figure('error, p50', quantile(sizes, 0.5), 'ms'),
    figure('error, p99', quantile(sizes, 0.99), 'ms', GOAL_MS),
    figure('error, most', Math.max(...sizes), 'ms'),
    figure('error with its sign, p50', quantile(errors, 0.5), 'ms'),
    figure('understated by, most', Math.max(0, ...errors.map((error) => -error)), 'ms'),
    figure('doubt of the truth, p99', quantile(truths.flat().map(doubtMs), 0.99), 'ms'),
    figure('longest time without a probe', Math.max(...ways.map(({ unseenMs }) => unseenMs)), 'ms'),
    figure('blackouts measured', errors.length, ''),
    figure('blackouts missed', count('missed'), '', 0),
    figure('outages invented', count('invented'), '', 0),
  ];
}
