import { join } from 'node:path';
import { expect } from 'chai';
import { readHistory } from '../../harness/history/reader.ts';
import { Plan } from '../../harness/plan/schema.ts';
import type { Judged } from '../judged.ts';
import { without } from '../testing/written.ts';
import { KNOWN, type Known, knownOn, withKnown } from './known.ts';
import { requirements } from './requirements.ts';
import { rowOf } from './rows.ts';
import { resolve } from './settings.ts';
import { HELD, Story } from './testing/story.ts';
import { within } from './version.ts';

const TABLE: readonly Known[] = [
  { scenario: 'G4', issue: 'o/n#1', versions: [{ from: '1.27.0', before: '1.27.5' }] },
  { scenario: 'G4', issue: 'o/n#2', versions: [{ before: '1.20.0' }] },
  { scenario: 'G9', issue: 'o/n#3', versions: [{}] },
];
const judged = (verdict: Judged['verdict']): Judged => ({
  ...{ verdict, measured: 1, threshold: 0, comparison: '<=', unit: 's', samples: 1 },
  ...{ confidence: null, upperBound: null, reason: 'as it was' },
});
const issues = (known: Known[]) => known.map(({ issue }) => issue);

describe('known upstream failures', () => {
  it('are those of the row and the version', () => {
    expect(issues(knownOn('G4', 'v1.27.3', TABLE))).to.deep.equal(['o/n#1']);
    expect(issues(knownOn('G4', '1.19.16', TABLE))).to.deep.equal(['o/n#2']);
    expect(knownOn('G4', '1.34.4 (embedded)', TABLE)).to.deep.equal([]);
    expect(issues(knownOn('G9', '1.34.4 (embedded)', TABLE))).to.deep.equal(['o/n#3']);
    expect(knownOn('G9', '', TABLE), 'of a version that nobody knows').to.deep.equal([]);
  });

  it('stay failures, and say whose', () => {
    const [known] = TABLE;
    const failed = withKnown(judged('fail'), [known as Known]);
    expect(failed).to.deep.equal({ ...judged('fail'), reason: 'known: o/n#1; as it was' });
  });

  it('are told of too where they do not show', () => {
    const passed = withKnown(judged('pass'), [TABLE[2] as Known]);
    expect(passed.verdict).to.equal('pass');
    expect(passed.reason).to.match(/^as it was; known: o\/n#3.*did not fail here/);
  });

  it('say nothing of what is inconclusive, or of what nobody knows', () => {
    expect(withKnown(judged('inconclusive'), [TABLE[2] as Known])).to.deep.equal(judged('inconclusive'));
    expect(withKnown(judged('fail'), [])).to.deep.equal(judged('fail'));
  });

  it('are each of a row that is built and that names them, in ranges that can be read', () => {
    for (const { issue, scenario, versions } of KNOWN) {
      expect(rowOf(scenario).heldBy.by, scenario).to.equal('scenario');
      expect(rowOf(scenario).references, scenario).to.include(issue);
      expect(() => within('1.34.4', versions), issue).to.not.throw();
    }
  });
});

describe('a row’s requirement', () => {
  const plan = resolve(
    Plan.parse({
      suites: [{ name: 'catalogue', settings: { scenarios: ['G7'] } }],
      requirements: { G7: { threshold: 3 } },
    }),
  );
  const [requirement] = requirements(plan);
  const lost = Story.of('G7').allocatable(HELD.injected + 50, HELD.injected + 4_850, 0).events;

  it('has the row’s id and title, and the plan’s threshold', () => {
    expect(requirement).to.include({ id: 'G7', title: 'late disconnect' });
    expect(requirement?.check(lost)).to.include({ verdict: 'fail', threshold: 3 });
  });

  it('is judged by what upstream knows of the cluster’s version', () => {
    expect(requirement?.check(lost).reason).to.match(/^known: kubernetes\/kubernetes#121994; 0 of 4/);
    const unnamed = without(lost, ({ type }) => type === 'cluster.up');
    expect(requirement?.check(unnamed).reason).to.not.contain('known');
  });
});

/** Histories of kind, without most of the looks that showed what the look before had shown: a count of looks is none of the run’s. */
describe('what upstream’s kubelet of 1.34.4 did', () => {
  const DID = {
    'alloc-hang': {
      row: 'G1',
      reason:
        'known: kubernetes/kubernetes#129249; a pod without devices did not run in 11.1 s behind one whose Allocate hangs; all run once it is answered',
    },
    'checkpoint-lost': {
      row: 'G6',
      reason:
        'known: kubernetes/kubernetes#116125; holder, replacement ran without a device at 22 looks; holder is Running; replacement is Running',
    },
    'late-disconnect': {
      row: 'G7',
      reason: 'known: kubernetes/kubernetes#121994; 0 of 2 allocatable 30.2 s later',
    },
  };
  for (const [name, { reason, row }] of Object.entries(DID))
    it(`is refused as known, where it is ${name}`, async () => {
      const path = join(import.meta.dirname, 'fixtures', `${name}.1-34-4.jsonl`);
      const settings = { scenarios: [row], devices: 2 };
      const [requirement] = requirements(resolve(Plan.parse({ suites: [{ name: 'catalogue', settings }] })));
      const judged = requirement?.check((await readHistory(path)).events);
      expect(judged).to.include({ verdict: 'fail', reason });
    });
});
