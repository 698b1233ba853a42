import { expect } from 'chai';
import { systemClock } from '../../../../harness/clock/clock.ts';
import { waitFor } from '../../../../harness/clock/wait-for.ts';
import { memoryRecorder } from '../../../../harness/history/writer.ts';
import type { Judged } from '../../../judged.ts';
import { checkCheckpoints } from '../../checkers/checkpoints.ts';
import type { CheckpointEvents } from '../../checkpoints/events.ts';
import { ledgerOf, readLine } from '../../checkpoints/ledger.ts';
import { readBack } from '../../checkpoints/read-back.ts';
import type { TrainerDefect } from '../../checkpoints/settings.ts';
import { CheckpointStore } from '../../checkpoints/store.ts';
import { type Lie, type LyingStore, lyingStore } from '../../testing/lying-store.ts';
import type { TrainerOptions } from './options.ts';
import { train } from './train.ts';

const EVERY = 5;
const FAULT = 'pod-kill-1';
const KEYS = { accessKeyId: 'an-id', secretAccessKey: 'a-secret' };

describe('training with checkpoints', () => {
  let server: LyingStore;
  beforeEach(async () => {
    server = await lyingStore();
  });
  afterEach(() => server.close());

  /** A trainer on a store over HTTP, interrupted once, with the history that a run would have recorded, judged. */
  const judged = async (defect: TrainerDefect, lie: Lie): Promise<Judged> => {
    const recorder = memoryRecorder(systemClock);
    const address = { endpoint: server.endpoint, bucket: server.bucket, region: 'us-east-1' };
    const store = new CheckpointStore(address, KEYS);
    const options: TrainerOptions = {
      ...address,
      ...{ prefix: 'run', seed: 1, stepMs: 1, every: EVERY, steps: 10_000, bytes: 4_096, defect },
    };
    const say = <Type extends keyof CheckpointEvents>(type: Type, body: CheckpointEvents[Type]) =>
      recorder.record('suite/gpu', type, body);
    const acknowledged = (attempt: string) =>
      recorder.events.flatMap(({ body, type }) => {
        const { word, attempt: by } = body as CheckpointEvents['trainer.said'];
        return type === 'trainer.said' && by === attempt && word.what === 'acknowledged' ? [word.key] : [];
      });
    const attempt = async (uid: string, until: () => Promise<void>) => {
      const killed = new AbortController();
      const pod = { uid, name: uid, phase: 'Running', deleting: false, gone: false };
      say('trainer.pod', pod);
      const ledger = ledgerOf(0, uid, (line) => {
        const read = readLine(line);
        if (read && !killed.signal.aborted) {
          const { n, trainer, word } = read;
          say('trainer.said', { attempt: uid, n, trainer, word });
        }
      });
      const clock = { sleep: (ms: number) => systemClock.sleep(ms, killed.signal) };
      const over = train(options, { rank: 0, attempt: uid, store, say: ledger, clock }).catch(
        () => undefined,
      );
      await waitFor(() => acknowledged(uid).length >= 3, { what: 'checkpoints', deadlineMs: 10_000 });
      await until();
      killed.abort();
      await over;
      say('trainer.pod', { ...pod, phase: 'Failed', gone: true });
    };
    const fault = { fault: FAULT, kind: 'load/pod-kill', target: 'a pod', mechanism: 'an abort' };
    await attempt('first', async () => {
      server.lie(lie);
      recorder.record('fault/load/pod-kill', 'fault.injecting', fault);
      recorder.record('fault/load/pod-kill', 'fault.injected', { ...fault, detail: null });
    });
    await attempt('second', async () => {
      recorder.record('fault/load/pod-kill', 'fault.healed', { fault: FAULT, healed: true, evidence: '' });
      for (const key of acknowledged('first')) say('checkpoint.read', await readBack(store, key));
    });
    return checkCheckpoints(recorder.events, { level: 'smoke', threshold: 0 }, EVERY);
  };

  it('passes on a store that keeps what it acknowledges', async () => {
    const { reason, verdict } = await judged('none', 'none');
    expect(verdict, reason).to.equal('pass');
  });

  const REFUSED: [TrainerDefect, Lie, RegExp][] = [
    ['none', 'loses', /acknowledged before pod-kill-1, is missing/],
    ['none', 'truncates', /went on from step 0.* is torn: /],
    ['none', 'swaps', /is another checkpoint than the one acknowledged/],
    ['none', 'hides', /went on from step \d+, and step \d+ was acknowledged/],
    ['resumes-from-zero', 'none', /went on from step 0, and step \d+ was acknowledged/],
    ['resumes-from-older', 'none', /went on from step \d+, and step \d+ was acknowledged/],
  ];
  for (const [defect, lie, why] of REFUSED) {
    const who = lie === 'none' ? `a trainer that ${defect}` : `a store that acknowledges and ${lie}`;
    it(`refuses ${who}`, async () => {
      const { reason, verdict } = await judged(defect, lie);
      expect(verdict, reason).to.equal('fail');
      expect(reason).to.match(why);
    });
  }
});
