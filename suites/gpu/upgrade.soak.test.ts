import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { eventsOf } from '../../harness/history/event.ts';
import { readHistory } from '../../harness/history/reader.ts';
import { ordeal, verdictIn } from '../testing/command.ts';

const [FROM, TO] = ['1.33.13', '1.34.4'];

/** The suite's own faults, and each node brought to the next minor version in the midst of them. */
const PLAN = {
  profile: 'hardened',
  level: 'smoke',
  deadline: '20m',
  cluster: { provider: 'kind', kubernetes: FROM, workers: 2 },
  // The control plane's node is in no blast radius that does not name it.
  radius: { nodes: { cloud: true } },
  suites: [
    {
      name: 'gpu',
      faults: [
        { kind: 'gpu/bind-delay', with: { startLatencies: 0.3 } },
        { kind: 'load/job-burst' },
        { kind: 'cluster/upgrade', with: { to: TO } },
        { kind: 'gpu/plugin-restart' },
        { kind: 'gpu/device-unhealthy' },
      ],
    },
  ],
  // Two processors run the cluster and its test, see certification.kind.test.ts.
  requirements: { 'GPU-4': { threshold: 1_500 } },
};

describe('a kind cluster that is upgraded in place', function () {
  this.timeout(1_500_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'suite-test-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it(`meets every requirement on its way from ${FROM} to ${TO}: GPUs stay with their pods, and move with those that are drained`, async () => {
    const plan = join(folder, 'plan.yaml');
    writeFileSync(plan, stringify(PLAN));
    const out = join(folder, 'out');
    const { code, output } = await ordeal('run', '--plan', plan, '--out', out);
    expect(code, output).to.be.oneOf([0, 2]);
    const { cluster, faults, reasons, requirements, verdict } = verdictIn(out);
    // The one API server that there is starts anew, more than once. Where two processors run all of this that takes about the
    // 15 s after which a run is inconclusive by itself; it is for nothing else.
    for (const reason of reasons)
      expect(reason, output).to.match(/^the API server did not answer for \d+\.\d s/);
    expect({ code, verdict }, output).to.deep.equal(
      reasons.length === 0 ? { code: 0, verdict: 'pass' } : { code: 2, verdict: 'inconclusive' },
    );
    expect(requirements.filter((each) => each.verdict !== 'pass')).to.deep.equal([]);
    expect(cluster.versions.kubernetes).to.equal(`v${FROM}`);
    const upgrades = faults.filter(({ kind }) => kind === 'cluster/upgrade');
    expect(upgrades).to.have.length(3);
    for (const { bit, biteEvidence, healed, healEvidence } of upgrades) {
      expect({ bit, healed }).to.deep.equal({ bit: true, healed: true });
      expect(biteEvidence).to.contain(`v${TO}`);
      expect(healEvidence).to.contain('Ready, schedulable');
    }
    expect(requirements.find(({ id }) => id === 'GPU-10')).to.include({ verdict: 'pass', measured: 0 });
    const { events } = await readHistory(join(out, 'events.jsonl'));
    // Four pods hold GPUs, two on a worker: each drain moves two at the least.
    expect(eventsOf(events, 'upgrade.evicted')).to.have.length.of.at.least(4);
  });
});
