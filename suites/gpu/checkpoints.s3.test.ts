import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventsOf } from '../../harness/history/event.ts';
import { readHistory } from '../../harness/history/reader.ts';
import { type Ended, outFolder, startAs, verdictIn, verdicts } from '../testing/command.ts';
import type { CheckpointEvents } from './checkpoints/events.ts';
import { type LyingStore, lyingStore } from './testing/lying-store.ts';

const KEYS = { AWS_ACCESS_KEY_ID: 'planted-key-id', AWS_SECRET_ACCESS_KEY: 'planted+secret/key' };

describe('training with checkpoints on embedded', () => {
  let liar: LyingStore;
  const runs = new Map<string, { out: string; ended: Promise<Ended> }>();

  /** One trainer, killed once: nothing else of the suite is broken or judged for. */
  const begin = (name: string, settings: object, env: NodeJS.ProcessEnv = {}) => {
    const out = outFolder();
    const set = (path: string, value: unknown) => ['--set', `${path}=${JSON.stringify(value)}`];
    const { ended } = startAs(
      { env: { ...process.env, ...env } },
      ...[
        'run',
        '--suite',
        'gpu',
        '--profile',
        'hardened',
        '--level',
        'smoke',
        '--out',
        out,
        '--workers',
        '1',
      ],
      ...set('suites.0.settings.starts', 0),
      ...set('suites.0.settings.replicas', 1),
      ...set('suites.0.settings.checkpoints', { trainers: 1, ...settings }),
      ...set('suites.0.faults', [{ kind: 'load/pod-kill' }]),
    );
    runs.set(name, { out, ended });
  };

  // They wait more than they work: a Job pauses for ten seconds before it makes a pod in place of a deleted one.
  before(async () => {
    liar = await lyingStore();
    liar.lie('truncates');
    begin('sound', {});
    begin('truncating', { endpoint: liar.endpoint, bucket: liar.bucket }, KEYS);
  });

  after(async () => {
    for (const { ended, out } of runs.values()) {
      await ended;
      rmSync(out, { recursive: true, force: true });
    }
    await liar.close();
  });

  const over = async (name: string) => {
    const { ended, out } = runs.get(name) as { out: string; ended: Promise<Ended> };
    return { out, ...(await ended) };
  };

  it('passes GPU-8 on a real S3 server of the run’s own, which is gone afterwards', async () => {
    const { out, output } = await over('sound');
    expect(verdicts(out)['GPU-8'], output).to.equal('pass');
    const [fault] = verdictIn(out).faults;
    expect(fault).to.include({ kind: 'load/pod-kill', bit: true, healed: true });
    const { events } = await readHistory(join(out, 'events.jsonl'));
    const [store] = eventsOf<CheckpointEvents['checkpoints.store']>(events, 'checkpoints.store');
    expect(store?.body.kind).to.match(/^versitygw v/);
    const answer = await fetch(store?.body.endpoint ?? '').catch(() => undefined);
    expect(answer).to.equal(undefined);
  });

  it('refuses a given store that keeps half of what it acknowledges, and tells nobody its keys', async () => {
    const { code, out, output } = await over('truncating');
    expect(code, output).to.equal(1);
    const { reason, verdict } = verdictIn(out).requirements.find(({ id }) => id === 'GPU-8') ?? {};
    expect(verdict, reason).to.equal('fail');
    expect(reason)
      .to.match(/is torn/)
      .and.to.match(/went on from step 0/);
    const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const texts = files.map(({ name, parentPath }) => readFileSync(join(parentPath, name), 'utf8'));
    for (const text of [output, ...texts])
      for (const key of Object.values(KEYS)) expect(text).to.not.contain(key);
  });
});
