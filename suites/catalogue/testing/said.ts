import { expect } from 'chai';
import { refusalOf } from '../../../harness/verdict/judge.ts';
import type { Evidence, Outcome, RequirementVerdict, Verdict } from '../../../harness/verdict/verdict.ts';
import { faultIdOf } from '../scenario.ts';
import type { RowsRun } from './rows.ts';

type Said = [
  verdict: Outcome,
  reason: RegExp,
  figures?: Partial<Pick<RequirementVerdict, 'measured' | 'samples'>>,
];

const known = (number: number) => `known: kubernetes/kubernetes#${number}`;
const BACK =
  /^(2 of 2 allocatable|down to [01] of 2 allocatable, all of them again \d+\.\d s later), for 1\d\.\d s/;
const GONE = /^0 of 2 allocatable 3\d\.\d s later$/;

/**
 * What is said of a row with two devices, whether upstream's kubelet is a real one or embedded's. Rows that are a kubelet's own
 * affair have no wrong part: a real one cannot be broken.
 */
const SAID: Record<RowsRun['parts'], Record<string, Said>> = {
  right: {
    G1: [
      'fail',
      RegExp(`^${known(129249)}; a pod without devices did not run in 1\\d\\.\\d s .*; all run once`),
    ],
    G3: ['pass', /^the kubelet was one process at \d+ looks$/],
    G4: ['pass', /^2 of 2 pods were the same, and ran, at every look$/],
    G5: [
      'pass',
      /^no container ran .*; holder is Failed \(UnexpectedAdmissionError\); replacement has a device$/,
    ],
    G6: ['fail', RegExp(`^${known(116125)}; [a-z, ]+ ran without a device at \\d+ looks`)],
    G7: ['pass', RegExp(`${BACK.source}; ${known(121994)}, of this version, and it did not fail here$`)],
    G8: ['pass', BACK],
    G9: ['pass', BACK],
    G10: ['pass', /^whole got all 2 devices$/],
    G11: ['pass', /^0 pods failed; 1 of 1 good devices were in use at once$/],
    G12: ['pass', /^training could use its 2 devices at \d+ looks$/],
    G13: ['pass', /^finished was Succeeded at \d+ looks; listed by PodResources in 0 of \d+ lists$/],
    G14: ['pass', /^no device in two containers; holder has what it had; 1 of 2 others refused$/],
    G15: ['pass', /^5 containers could use their device from the start/, { measured: 0, samples: 5 }],
    G16: ['pass', /^ready at 0 of 3 answers/, { measured: 0, samples: 3 }],
  },
  wrong: {
    G7: ['fail', RegExp(`^${known(121994)}; ${GONE.source.slice(1)}`)],
    G8: ['fail', GONE],
    G9: ['fail', GONE],
    G11: ['fail', /^4 pods failed; 0 of 1 good devices were in use at once$/],
    G12: ['fail', /^training was without GPU-g12-[01], GPU-g12-[01] at \d+ of \d+ looks$/],
    G14: ['fail', /^GPU-g14-\d in more than one container/],
    // Those of the burst that started sooner than their device came; the first came before the delay.
    G15: ['fail', /^[1-4] of 5 containers started without their device; no device in two/],
    G16: ['fail', /^ready at 3 of 3 answers .*\(work on first GPU was done\)/, { measured: 3, samples: 3 }],
  },
};

export interface As {
  evidence: Evidence;
  /** Rows that the cluster cannot hold, with what it lacks. */
  lacks?: Readonly<Record<string, string>>;
}

/** Expects of a run that each of its faults bit and was healed, that of each row is said what is to be, and nothing else. */
export function expectSaid(verdict: Verdict, { parts, rows }: RowsRun, { evidence, lacks = {} }: As): void {
  const { faults, reasons, requirements } = verdict;
  expect(faults.map(({ id }) => id)).to.deep.equal(rows.map(faultIdOf));
  expect(requirements.map(({ id }) => id)).to.deep.equal(rows);
  for (const { biteEvidence, bit, healEvidence, healed, id } of faults) {
    const done = !rows.some((row) => faultIdOf(row) === id && row in lacks);
    expect({ bit, healed }, `${id}: ${biteEvidence}; ${healEvidence}`).to.deep.equal({
      bit: done,
      healed: done,
    });
  }
  for (const each of requirements) expectRow(each, saidOf(each.id, parts, lacks), evidence);
  const refused = requirements.filter((each) => each.verdict === 'fail').map(refusalOf);
  const lacking = rows.some((row) => row in lacks);
  expect(lacking ? reasons.slice(0, refused.length) : reasons).to.deep.equal(refused);
}

function saidOf(row: string, parts: RowsRun['parts'], lacks: Readonly<Record<string, string>>): Said {
  const lacking = lacks[row];
  if (lacking !== undefined) return ['inconclusive', RegExp(`this cluster lacks ${lacking}`)];
  const said = SAID[parts][row];
  if (!said) throw new RangeError(`what is said of ${row} with ${parts} parts is not known`);
  return said;
}

function expectRow(
  { id, ...seen }: RequirementVerdict,
  [verdict, reason, figures = {}]: Said,
  evidence: Evidence,
): void {
  expect(seen, `${id}: ${seen.reason}`).to.include({ verdict, evidence, ...figures });
  expect(seen.reason, id).to.match(reason);
}
