import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { type DefaultTreeAdapterTypes, parse } from 'parse5';
import { requirement, verdictOf } from '../harness/verdict/testing/sample.ts';
import {
  type NodeFound,
  Outcome,
  type RequirementVerdict,
  type Verdict,
} from '../harness/verdict/verdict.ts';
import { allureReporter } from './allure.ts';
import { consoleReporter } from './console.ts';
import { bound, figure, threshold, verdictWord } from './figure.ts';
import { page } from './html/page.ts';
import { junitXml } from './junit.ts';
import { escapeMarkdown, markdown } from './markdown.ts';
import { openMetrics } from './metrics/registry.ts';
import { nodeFacts } from './nodes.ts';
import { reading, samplesIn } from './testing/openmetrics.ts';
import { parseXml } from './testing/xml-parser.ts';

type Node = DefaultTreeAdapterTypes.Node;

const measured = fc.option(fc.double({ noNaN: true, min: 0, max: 1e6 }));
const judged: fc.Arbitrary<RequirementVerdict> = fc
  .record({
    measured,
    upperBound: measured,
    threshold: fc.double({ noNaN: true, min: 0, max: 1e6 }),
    comparison: fc.constantFrom('<=', '>='),
    samples: fc.nat(1e6),
    confidence: fc.option(fc.constantFrom(0.9, 0.95, 0.99)),
    verdict: fc.constantFrom(...Outcome.options),
    evidence: fc.constantFrom('modelled', 'real-kernel', 'real-kubernetes', 'real-hardware'),
  })
  .map((fields) => requirement(fields));
const verdicts: fc.Arbitrary<Verdict> = fc
  .array(judged, { minLength: 1, maxLength: 7 })
  .map((requirements) =>
    verdictOf({ requirements: requirements.map((each, at) => ({ ...each, id: `R-${at}` })) }),
  );

/** Nodes that are alike, or not, and tell more or less of themselves. */
const clusters: fc.Arbitrary<NodeFound[]> = fc
  .array(
    fc.record({
      kubelet: fc.constantFrom('v1.27.3', 'v1.34.4', null),
      driver: fc.constantFrom('535.104.05', '570.86.15', null),
      kernel: fc.constantFrom('6.1.0', null),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((found) => found.map((versions, index) => ({ node: `worker-${index + 1}`, versions })));

/** What every format has to say of a requirement. */
function figures(each: RequirementVerdict): string[] {
  const { evidence, measured, samples, unit } = each;
  return [verdictWord(each), figure(measured, unit), threshold(each), String(samples), bound(each), evidence];
}

function cellsOf(node: Node): string[][] {
  const children = 'childNodes' in node ? node.childNodes : [];
  if (node.nodeName !== 'tr') return children.flatMap(cellsOf);
  return [children.filter(({ nodeName }) => nodeName === 'td').map(textOf)];
}

function textOf(node: Node): string {
  if ('value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}

describe('every format', () => {
  it('agrees with verdict.json to the figure', () => {
    fc.assert(
      fc.property(verdicts, (verdict) => {
        const html = cellsOf(parse(page({ verdict, history: [], lanes: [] })));
        const rows = markdown(verdict)
          .split('\n')
          .map((line) => line.split(' | '));
        const cases = parseXml(junitXml(verdict)).children[0]?.children.filter(
          ({ name }) => name === 'testcase',
        );
        for (const [index, each] of verdict.requirements.entries()) {
          const name = `${each.id} ${each.title}`;
          const said = figures(each);
          const shown = html.find(([first]) => first === name)?.slice(1, 7);
          expect(shown?.map((cell) => cell.replace(/^[✓✗?–] (?=\w)/, ''))).to.deep.equal(said);
          const row = rows.find(([first]) => first === `| ${escapeMarkdown(name)}`)?.slice(1, 7);
          expect(row).to.deep.equal(said.map(escapeMarkdown));
          const test = cases?.[index];
          const outcome = { pass: undefined, fail: 'failure', inconclusive: 'error' }[each.verdict];
          expect(test?.attributes.name).to.equal(name);
          expect(test?.children[0]?.name).to.equal(outcome ?? 'system-out');
          const [, value, required, samples, limit, evidence] = said;
          expect(test?.children.at(-1)?.text).to.contain(
            `measured ${value}, required ${required}\nsamples ${samples}, bound ${limit}, evidence ${evidence}`,
          );
        }
      }),
      { numRuns: 30 },
    );
  });

  it('says the same of the nodes as verdict.json does: what each runs, what is not told, what is mixed', async () => {
    await fc.assert(
      fc.asyncProperty(clusters, async (nodes) => {
        const verdict = verdictOf({ cluster: { ...verdictOf().cluster, nodes } });
        const said = nodeFacts(verdict.cluster);
        for (const { node, versions } of nodes) {
          const line = said.find(([, text]) => text.split(':')[0]?.split(/[ ,]+/).includes(node))?.[1] ?? '';
          for (const [name, version] of Object.entries(versions))
            expect(version === null ? line.split('not told: ')[1] : line).to.contain(
              version === null ? name : `${name} ${version}`,
            );
        }
        const mixed = ['kubelet', 'driver'].filter(
          (name) =>
            new Set(nodes.map(({ versions }) => versions[name]).filter((told) => told !== null)).size > 1,
        );
        expect(said.some(([name]) => name === 'nodes.mixed')).to.equal(mixed.length > 0);

        const console: string[] = [];
        const stdout = { write: (text: string) => console.push(text) };
        const outDir = mkdtempSync(join(tmpdir(), 'agreement-'));
        const context = { verdict, history: [], timeline: () => [], outDir, env: {}, stdout };
        try {
          await consoleReporter.report(context);
          await allureReporter.report(context);
          const environment = readFileSync(join(outDir, 'allure-results', 'environment.properties'), 'utf8');
          const properties = parseXml(junitXml(verdict)).children[0]?.children[0]?.children;
          const html = textOf(parse(page({ verdict, history: [], lanes: [] })));
          for (const [name, text] of said) {
            expect(console.join('').replaceAll(/\s+/g, ' ')).to.contain(text);
            expect(markdown(verdict)).to.contain(`\n- ${escapeMarkdown(text)}\n`);
            expect(html).to.contain(name + text);
            expect(properties?.find(({ attributes }) => attributes.name === name)?.attributes.value).to.equal(
              text,
            );
            expect(environment).to.contain(text);
          }
        } finally {
          rmSync(outDir, { recursive: true, force: true });
        }
      }),
      { numRuns: 15 },
    );
    expect(nodeFacts({})).to.deep.equal([['nodes.1', 'what the nodes run: not told']]);
  });

  it('for machines agrees with verdict.json to the last digit', async () => {
    const progress = { counts: new Map(), engine: [] };
    await fc.assert(
      fc.asyncProperty(verdicts, async (verdict) => {
        const text = await openMetrics([{ runId: verdict.runId, progress, verdict }]);
        const told = verdict.requirements.map(({ id: requirement, unit, comparison, confidence }) => {
          const figureOf = (name: string, labels = {}) =>
            reading(text, `ordeal_requirement_${name}`, { requirement, ...labels }) ?? null;
          const state = samplesIn(text).find(
            ({ name, labels, value }) =>
              name === 'ordeal_requirement_verdict' && labels.requirement === requirement && value === 1,
          );
          return {
            id: requirement,
            verdict: state?.labels.verdict,
            evidence: state?.labels.evidence,
            measured: figureOf('measured', { unit }),
            threshold: figureOf('threshold', { unit, comparison }),
            samples: figureOf('samples'),
            upperBound: figureOf('upper_bound', { unit, confidence: String(confidence ?? '') }),
          };
        });
        expect(told).to.deep.equal(
          verdict.requirements.map(({ id, verdict, evidence, measured, threshold, samples, upperBound }) => ({
            ...{ id, verdict, evidence, measured, threshold, samples, upperBound },
          })),
        );
      }),
      { numRuns: 30 },
    );
  });
});
