import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import type { History } from '../../harness/history/event.ts';
import { readHistory } from '../../harness/history/reader.ts';
import type { Verdict } from '../../harness/verdict/verdict.ts';
import { ordeal, verdictIn } from './command.ts';

const [FROM, TO] = ['1.33.13', '1.34.4'];
export const UPGRADE_FAULT = { kind: 'cluster/upgrade', with: { to: TO } };

/** A suite's part of a plan whose faults have the upgrade among them, and what else the plan says. */
interface Upgraded {
  suite: object;
  more: object;
}

/** One run on kind in whose midst every node goes to the next minor version: it certifies. */
export async function certifiedUpgrade({
  more,
  suite,
}: Upgraded): Promise<{ verdict: Verdict; events: History }> {
  const folder = mkdtempSync(join(tmpdir(), 'suite-test-'));
  try {
    const plan = join(folder, 'plan.yaml');
    const cluster = { provider: 'kind', kubernetes: FROM, workers: 2 };
    const usual = { profile: 'hardened', level: 'smoke', deadline: '20m', cluster };
    writeFileSync(plan, stringify({ ...usual, suites: [suite], ...more }));
    const out = join(folder, 'out');
    const { code, output } = await ordeal('run', '--plan', plan, '--out', out);
    const verdict = verdictIn(out);
    expect({ code, reasons: verdict.reasons }, output).to.deep.equal({ code: 0, reasons: [] });
    expect(verdict.cluster.versions.kubernetes).to.equal(`v${FROM}`);
    const upgrades = verdict.faults.filter(({ kind }) => kind === UPGRADE_FAULT.kind);
    expect(upgrades).to.have.length(3);
    for (const { bit, biteEvidence, healed, healEvidence } of upgrades) {
      expect({ bit, healed }).to.deep.equal({ bit: true, healed: true });
      expect(biteEvidence).to.contain(`v${TO}`);
      expect(healEvidence).to.contain('Ready, schedulable');
    }
    return { verdict, events: (await readHistory(join(out, 'events.jsonl'))).events };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
