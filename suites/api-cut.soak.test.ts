import { rmSync } from 'node:fs';
import { expect } from 'chai';
import { systemClock } from '../harness/clock/clock.ts';
import { run } from '../harness/exec/exec.ts';
import { outFolder, type Started, startAs, verdictIn } from './testing/command.ts';
import { injected } from './testing/injected.ts';
import { nothingOf, type Traces, watchTraces } from './testing/leftovers.ts';

const NAME = `ordeal-api-cut-${process.pid}`;
/** The API server's port as the control plane's node has it: nobody hears anything of it any more, the kubelets neither. */
const CUT = `table inet cut {
  chain in {
    type filter hook input priority -300
    iifname != "lo" tcp dport 6443 drop
  }
}`;
/** A cluster's start and the suite's way to its first fault, on a busy machine. */
const INJECTED_MS = 400_000;
/** Until a phase asks and is not answered, the two minutes that all calls share, and the cluster's end, on a busy machine. */
const ENDED_MS = 360_000;
/** The rounds of a caretaker, on a busy machine. */
const SWEPT_MS = 240_000;

describe('an API server of kind whose port is cut in the middle of a run', function () {
  this.timeout(900_000);
  let out: string;
  let traces: Traces;
  let started: Started;

  beforeEach(async () => {
    out = outFolder();
    traces = await watchTraces();
  });

  afterEach(() => {
    started.child.kill('SIGTERM');
    traces.remove();
    rmSync(out, { recursive: true, force: true });
  });

  const cut = async () => {
    await run(['docker', 'exec', '--interactive', `${NAME}-control-plane`, 'nft', '--file', '-'], {
      input: CUT,
    });
  };

  it('ends the run inconclusive, which heals, takes the cluster down and leaves nothing', async () => {
    started = startAs(
      { env: { ...process.env, ...traces.env } },
      ...['run', '--suite', 'gpu', '--profile', 'hardened', '--level', 'smoke', '--out', out],
      ...['--cluster', 'kind', '--workers', '1', '--set', `cluster.name=${NAME}`],
    );
    await injected(started, out, INJECTED_MS);
    await cut();
    const from = systemClock.mono();
    const { code, output } = await started.ended;
    expect(systemClock.mono() - from).to.be.below(ENDED_MS);
    expect(code, output).to.equal(2);
    expect(output).to.not.match(/\n\s+at .*:\d+/);
    const { reasons, verdict } = verdictIn(out);
    expect(verdict).to.equal('inconclusive');
    expect(reasons.join('\n')).to.match(/the API server did not answer for \d+\.\d s/);
    // What could not be undone without an answer, its caretaker has to find gone.
    await nothingOf(traces.left, SWEPT_MS);
  });
});
