import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../clock/clock.ts';
import { OrdealError } from '../errors/error.ts';
import type { Decision } from '../gate/decision.ts';
import { recordRun, startsSuite } from '../gate/testing/recorded.ts';
import { gate } from './gate.ts';
import type { Parts } from './parts.ts';

const DAY = 86_400_000;

describe('ordeal gate', () => {
  let dir: string;
  let decision: Decision | undefined;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'ordeal-gate-'));
    decision = undefined;
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const parts = {
    suites: { gpu: async () => startsSuite },
    reportGate: async (decided: Decision) => {
      decision = decided;
    },
  } as unknown as Parts;
  const policy = (more = '') => {
    const path = join(dir, 'gate.yaml');
    const base = 'evidence: real-kubernetes\nlevel: standard\nmaxAge: 7d\nrequirements:\n  GPU-1:\n';
    writeFileSync(path, base + more);
    return path;
  };
  /** The exit code, as the process would end with it. */
  const exit = async (folders: string[], file: string | undefined, later = 0): Promise<number> => {
    const options = { json: false, schema: false, ...(file ? { policy: file } : {}) };
    const clock = { ...systemClock, wall: () => systemClock.wall() + later };
    return await gate(parts, folders, options, clock).catch((error: unknown) => {
      if (error instanceof OrdealError) return error.exit;
      throw error;
    });
  };

  it('exits 0 for runs that prove what is asked, however many lie below the folder', async () => {
    recordRun(join(dir, 'out', 'hardened'));
    recordRun(join(dir, 'out', 'incident'), { plan: { profile: 'incident' }, usable: [false] });
    expect(await exit([join(dir, 'out')], policy())).to.equal(0);
    expect(decision?.runs.map(({ standing }) => standing)).to.deep.equal(['counted', 'set-aside']);
  });

  it('exits 1 for a failed requirement, and for a tampered verdict by name', async () => {
    recordRun(join(dir, 'run'), { usable: [true, false] });
    expect(await exit([join(dir, 'run')], policy())).to.equal(1);
    const verdict = join(dir, 'run', 'verdict.json');
    writeFileSync(verdict, readFileSync(verdict, 'utf8').replaceAll('"fail"', '"pass"'));
    expect(await exit([join(dir, 'run')], policy())).to.equal(1);
    expect(decision?.summary).to.match(/not to be believed: .*run/);
  });

  it('exits 2 for a stale run and a missing lane, each by name', async () => {
    recordRun(join(dir, 'run'));
    expect(await exit([join(dir, 'run')], policy(), 8 * DAY)).to.equal(2);
    expect(decision?.requirements[0]?.reason).to.match(/more than 7 days ago/);
    expect(await exit([join(dir, 'run')], policy('lanes: [{provider: k3s}]\n'))).to.equal(2);
    expect(decision?.requirements[0]?.reason).to.match(/no run proves it in the lane provider k3s/);
  });

  it('exits 1 once the waiver that held it open has expired', async () => {
    recordRun(join(dir, 'run'), { usable: [false] });
    const day = new Date(systemClock.wall() + DAY).toISOString().slice(0, 10);
    const waived = policy(`waivers: [{requirement: GPU-1, owner: ops, reason: known, expires: ${day}}]\n`);
    expect(await exit([join(dir, 'run')], waived)).to.equal(0);
    expect(await exit([join(dir, 'run')], waived, 3 * DAY)).to.equal(1);
    expect(decision?.requirements[0]?.reason).to.match(/^the waiver by ops expired/);
  });

  it('exits 3 for a policy that is wrong, is not there or is not named, and without a folder', async () => {
    recordRun(join(dir, 'run'));
    expect(await exit([join(dir, 'run')], policy('colour: blue\n'))).to.equal(3);
    expect(await exit([join(dir, 'run')], join(dir, 'absent.yaml'))).to.equal(3);
    expect(await exit([join(dir, 'run')], undefined)).to.equal(3);
    expect(await exit([], policy())).to.equal(3);
  });

  it('exits 4 for a folder that cannot be read, whatever else is given', async () => {
    recordRun(join(dir, 'run'));
    expect(await exit([join(dir, 'run'), join(dir, 'absent')], policy())).to.equal(4);
    rmSync(join(dir, 'run', 'plan.yaml'));
    expect(await exit([join(dir, 'run')], policy())).to.equal(4);
    expect(decision).to.equal(undefined);
  });
});
