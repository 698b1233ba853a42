import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../harness/clock/clock.ts';
import { type EngineEvents, eventsOf } from '../harness/history/event.ts';
import { parseHistory } from '../harness/history/reader.ts';
import { outFolder, type Started, startAs, verdictIn } from './testing/command.ts';
import { injected } from './testing/injected.ts';
import { nothingOf, type Traces, watchTraces } from './testing/leftovers.ts';

/** The suite's way to its first fault, on a busy machine. */
const INJECTED_MS = 300_000;
/** The two minutes that all calls share, what each of those after it gets, and the end of a process that has to be killed. */
const ENDED_MS = 210_000;
/** The rounds of a caretaker, on a busy machine. */
const SWEPT_MS = 240_000;
const STACK = /\n\s+at .*:\d+/;

/** The whole cluster stands still meanwhile, its API server and its kubelets; containers, links and the harness go on. */
describe('a cluster that stops answering in the middle of a run', function () {
  this.timeout(600_000);
  let out: string;
  let traces: Traces;
  let run: Started | undefined;

  beforeEach(async () => {
    out = outFolder();
    traces = await watchTraces();
  });

  afterEach(() => {
    run?.child.kill('SIGKILL');
    // One that stands still would hear nothing of its harness's end.
    try {
      process.kill(cluster(), 'SIGCONT');
    } catch {
      // It has ended, as it should.
    }
    traces.remove();
    rmSync(out, { recursive: true, force: true });
  });

  const certify = (...args: string[]) => {
    run = startAs(
      { env: { ...process.env, ...traces.env } },
      ...['run', '--profile', 'hardened', '--level', 'smoke', '--out', out, ...args],
    );
    return run;
  };
  const history = () => parseHistory(readFileSync(join(out, 'events.jsonl'), 'utf8'), 'the run').events;
  /** The process of this run's cluster, which is told by what it was started with. */
  const cluster = () => {
    const scratch = traces.env.TMPDIR as string;
    const pid = readdirSync('/proc').find((name) => {
      try {
        const [, ...argv] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
        return argv[0]?.startsWith(scratch) && argv[0].includes('embedded-cluster') && argv[1] === '--config';
      } catch {
        return false;
      }
    });
    expect(pid, 'the process of the cluster').to.not.equal(undefined);
    return Number(pid);
  };
  const left = () => traces.own().filter((line) => /^(process|file) /.test(line));
  const nothingLeft = (deadlineMs = 10_000) => nothingOf(left, deadlineMs);
  const healedAll = () => {
    const { faults } = verdictIn(out);
    for (const { healed, injected: was, id } of faults) if (was) expect(healed, id).to.equal(true);
  };

  for (const [suite, seconds] of [
    ['edge', 20],
    ['gpu', 90],
  ] as const) {
    it(`and comes back after ${seconds} s: suite ${suite} passes nothing that was not seen, heals and leaves nothing`, async () => {
      const started = certify('--suite', suite);
      await injected(started, out, INJECTED_MS);
      const pid = cluster();
      process.kill(pid, 'SIGSTOP');
      await systemClock.sleep(seconds * 1_000);
      process.kill(pid, 'SIGCONT');
      const { code, output } = await started.ended;
      expect(code, output).to.equal(2);
      expect(output).to.not.match(STACK);
      expect(verdictIn(out).reasons.join('\n')).to.match(/the API server did not answer for \d+\.\d s/);
      const away = eventsOf<EngineEvents['api.away']>(history(), 'api.away').map(({ body }) => body.ms);
      expect(Math.max(...away)).to.be.at.least(seconds * 1_000 - 2_000);
      healedAll();
      await nothingLeft();
    });
  }

  it('and is asked to end meanwhile: takes everything back once it answers again', async () => {
    const started = certify('--suite', 'gpu');
    await injected(started, out, INJECTED_MS);
    const pid = cluster();
    process.kill(pid, 'SIGSTOP');
    started.child.kill('SIGTERM');
    await systemClock.sleep(10_000);
    process.kill(pid, 'SIGCONT');
    const { code, output } = await started.ended;
    expect(code, output).to.equal(130);
    expect(output).to.not.match(STACK);
    expect(verdictIn(out).verdict).to.equal('inconclusive');
    healedAll();
    await nothingLeft();
  });

  for (const suite of ['gpu', 'edge'] as const) {
    it(`for good, and suite ${suite} is asked to end: no undo waits for it anew, and nothing is left`, async () => {
      const started = certify('--suite', suite);
      await injected(started, out, INJECTED_MS);
      process.kill(cluster(), 'SIGSTOP');
      const from = systemClock.mono();
      started.child.kill('SIGTERM');
      const { code, output } = await started.ended;
      expect(systemClock.mono() - from).to.be.below(ENDED_MS);
      expect(code, output).to.equal(130);
      expect(output).to.not.match(STACK);
      expect(verdictIn(out).verdict).to.equal('inconclusive');
      // What it could not take back is its caretaker's.
      await nothingLeft(SWEPT_MS);
    });
  }
});
