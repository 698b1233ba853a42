import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { EXIT } from '../errors/error.ts';
import type { History } from '../history/event.ts';
import { readHistory } from '../history/reader.ts';
import type { ClusterHandle, Phase, Provider, Suite, SuiteContext } from '../run/ports.ts';
import { recordRun } from './record.ts';

describe('recording a run for somebody else to judge', () => {
  let folder: string;
  let order: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'record-'));
    order = [];
    writeFileSync(join(folder, 'plan.yaml'), 'suites: [{ name: one }]\n');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const argv = () => ['--plan', join(folder, 'plan.yaml'), '--out', join(folder, 'out'), '--replay', 'again'];

  function parts(phase: (context: SuiteContext<ClusterHandle>) => Promise<void>) {
    const provider = {
      name: 'embedded',
      readiness: async () => [],
      async up({ undo }) {
        undo.push('end the cluster', async () => void order.push('cluster ended'));
        const cluster: Partial<ClusterHandle> = {
          ...{ name: 'c', provider: 'embedded', versions: {}, evidence: 'modelled', nodeNames: ['n'] },
          exportLogs: async () => undefined,
        };
        return cluster as ClusterHandle;
      },
    } as Partial<Provider> as Provider;
    const suite = {
      name: 'one',
      phases: (context): Phase[] => [{ name: 'work', run: () => phase(context) }],
      resolve: (plan) => plan,
      radius: { cloud: false, resources: [] },
      forecast: () => ({ faults: [], links: [] }),
    } as Partial<Suite> as Suite;
    return {
      version: '1',
      providers: { embedded: async () => provider },
      suites: { one: async () => suite },
    };
  }

  const history = async () => await readHistory(join(folder, 'out', 'events.jsonl'));

  it('leaves a whole history, and undoes the suite’s doings before the cluster’s', async () => {
    const code = await recordRun(
      parts(async ({ undo }) => undo.push('undo the work', async () => void order.push('work undone'))),
      argv(),
    );
    expect(code).to.equal(EXIT.certified);
    expect(order).to.deep.equal(['work undone', 'cluster ended']);
    const { events, truncated } = await history();
    expect(truncated).to.equal(false);
    expect(events.map(({ type }) => type)).to.deep.equal([
      ...['run.started', 'cluster.up', 'nodes.found', 'phase.entered', 'phase.left', 'run.ended'],
    ]);
    expect(events[0]?.body).to.include({ replay: 'again' });
    expect(existsSync(join(folder, 'out', 'verdict.json'))).to.equal(false);
  });

  it('takes the ID that it is given, and tells of its history while that grows', async () => {
    const seen: string[] = [];
    let told: History = [];
    const one = parts(async () => void seen.push(...told.map(({ type }) => type)));
    const code = await recordRun(one, [...argv(), '--run-id', 'outside-in'], (history) => {
      told = history;
    });
    expect(code).to.equal(EXIT.certified);
    expect(seen).to.deep.equal(['run.started', 'cluster.up', 'nodes.found', 'phase.entered']);
    expect(told.at(-1)?.type).to.equal('run.ended');
    expect(told[0]?.body).to.include({ runId: 'outside-in-hardened' });
  });

  it('is no failure of its own where the run was cut short: the history tells', async () => {
    const code = await recordRun(
      parts(async () => {
        throw new Error('broken');
      }),
      argv(),
    );
    expect(code).to.equal(EXIT.certified);
    expect((await history()).events.at(-1)?.body).to.deep.equal({ outcome: 'failed', error: 'broken' });
  });

  it('exits with what was wrong where nothing could be recorded', async () => {
    const nothing = parts(async () => undefined);
    writeFileSync(join(folder, 'plan.yaml'), 'suites: [{ name: another }]\n');
    expect(await recordRun(nothing, argv())).to.equal(EXIT.usage);
    expect(existsSync(join(folder, 'out'))).to.equal(false);
  });
});
