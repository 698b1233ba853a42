import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reporter } from '../harness/run/ports.ts';
import type { RequirementVerdict, Verdict } from '../harness/verdict/verdict.ts';
import { bound, faultStory, figure, outcomeWord, threshold } from './figure.ts';
import { nodeFacts } from './nodes.ts';
import { element, escapeXml } from './xml.ts';

/**
 * `junit.xml`: a test case a requirement, and one for the whole, so that a gate which reads only JUnit closes for an
 * inconclusive run as well. Fail is a failure, inconclusive an error, left out by the plan skipped.
 */
export const junitReporter: Reporter = {
  name: 'junit',
  async report({ verdict, outDir }) {
    const path = join(outDir, 'junit.xml');
    await mkdir(outDir, { recursive: true });
    await writeFile(path, junitXml(verdict));
    return [path];
  },
};

/** The document that `junit.xml` holds. */
export function junitXml(verdict: Verdict): string {
  const { profile, cluster, requirements } = verdict;
  const outcomes = [...requirements.filter(({ skipped }) => !skipped), verdict].map((each) => each.verdict);
  const counts = {
    tests: requirements.length + 1,
    failures: outcomes.filter((outcome) => outcome === 'fail').length,
    errors: outcomes.filter((outcome) => outcome === 'inconclusive').length,
    skipped: requirements.filter(({ skipped }) => skipped).length,
    time: (Date.parse(verdict.endedAt) - Date.parse(verdict.startedAt)) / 1_000,
  };
  const suite = element('testsuite', { name: `ordeal ${profile}`, ...counts, timestamp: verdict.startedAt }, [
    properties(verdict),
    ...requirements.map((requirement) =>
      requirementCase(requirement, `ordeal.${profile}.${cluster.provider}`),
    ),
    overallCase(verdict),
  ]);
  const { skipped: _, ...totals } = counts;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', { name: 'ordeal', ...totals }, [suite])}\n`;
}

function requirementCase(requirement: RequirementVerdict, classname: string): string {
  const { id, title, verdict, reason, skipped } = requirement;
  const figures = [
    `measured ${figure(requirement.measured, requirement.unit)}, required ${threshold(requirement)}`,
    `samples ${requirement.samples}, bound ${bound(requirement)}, evidence ${requirement.evidence}`,
  ].join('\n');
  const outcome = skipped
    ? [element('skipped', { message: reason })]
    : outcomeElement(verdict, reason, figures);
  return element('testcase', { classname, name: `${id} ${title}` }, [
    ...outcome,
    element('system-out', {}, [escapeXml(`${reason}\n${figures}`)]),
  ]);
}

function overallCase({ verdict, summary, reasons, faults, profile, cluster }: Verdict): string {
  const stories = faults.map((fault) => `${fault.id} on ${fault.target}: ${faultStory(fault)}`);
  return element('testcase', { classname: `ordeal.${profile}.${cluster.provider}`, name: 'verdict' }, [
    ...outcomeElement(verdict, summary, reasons.join('\n')),
    element('system-out', {}, [escapeXml([summary, ...stories].join('\n'))]),
  ]);
}

function outcomeElement(verdict: Verdict['verdict'], message: string, text: string): string[] {
  if (verdict === 'pass') return [];
  const name = verdict === 'fail' ? 'failure' : 'error';
  return [element(name, { type: outcomeWord[verdict], message }, [escapeXml(text)])];
}

function properties({ runId, level, seed, cluster, replay }: Verdict): string {
  const versions = Object.entries(cluster.versions).map(([name, version]) => [`version.${name}`, version]);
  const pairs: (string | number)[][] = [
    ['runId', runId],
    ['level', level],
    ['seed', seed],
    ['cluster', cluster.name],
    ['provider', cluster.provider],
    ['evidence', cluster.evidence],
    ...versions,
    ...nodeFacts(cluster),
    ['replay', replay],
  ];
  return element(
    'properties',
    {},
    pairs.map(([name = '', value = '']) => element('property', { name, value })),
  );
}
