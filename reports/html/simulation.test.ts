import { expect } from 'chai';
import fc from 'fast-check';
import { type DefaultTreeAdapterTypes, parse } from 'parse5';
import type { Plot, SimulationPart } from '../../harness/simulation/plot.ts';
import { hostileText } from '../../harness/verdict/testing/sample.ts';
import { simulationPage } from './simulation.ts';

type Node = DefaultTreeAdapterTypes.Node;

function partOf(text: string): SimulationPart {
  const around = { figure: 2, lower: 1, upper: 3 };
  const common = { title: text, note: text, unit: text, log: true };
  const plots: Plot[] = [
    {
      kind: 'rows',
      ...common,
      rows: [
        { name: text, ...around },
        { name: text, figure: 0, lower: 0, upper: null },
      ],
    },
    {
      kind: 'lines',
      ...common,
      x: text,
      lines: ['first', 'second'].map((name) => ({
        name: text + name,
        points: [1, 2, 4, 8, 16, 32].map((x) => ({ x, ...around })),
      })),
    },
  ];
  return { suite: 'gpu', title: text, notes: [text], plots };
}

/** The elements and attributes of a document, without any text. */
function skeleton(node: Node): string {
  const children = 'childNodes' in node ? node.childNodes.map(skeleton).join('') : '';
  if (node.nodeName === '#text') return '';
  const attributes = 'attrs' in node ? node.attrs.map(({ name }) => name).join(' ') : '';
  return `<${node.nodeName} ${attributes}>${children}</>`;
}

describe('the page of a simulation', () => {
  it('says that nothing was seen, and has every figure with its interval in words too', () => {
    const page = simulationPage([partOf('Bursts')]);
    expect(page).to.include('Evidence: <strong>modelled</strong>');
    expect(page.match(/2 \(1–3\)/g)?.length).to.be.at.least(14);
    expect(page).to.include('prefers-color-scheme: dark');
  });

  it('needs no other file, and runs no script', () => {
    const page = simulationPage([partOf('Bursts'), partOf('Life')]);
    expect(page)
      .to.include("default-src 'none'")
      .and.to.not.match(/<script|<link|src=|url\(|@import/);
  });

  it('draws nothing where there is no number', () => {
    const empty: Plot = { kind: 'lines', title: 't', note: '', unit: '%', log: true, x: 'x', lines: [] };
    const page = simulationPage([{ suite: 'gpu', title: 'T', notes: [], plots: [empty] }, partOf('Bursts')]);
    expect(page).to.not.match(/NaN|Infinity|undefined/);
  });

  it('lets no text become an element or an attribute', () => {
    const plain = skeleton(parse(simulationPage([partOf('plain')])));
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(skeleton(parse(simulationPage([partOf(`x${text}`)])))).to.equal(plain);
      }),
      { numRuns: 25 },
    );
  });
});
