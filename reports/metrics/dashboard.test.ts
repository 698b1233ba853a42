import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { verdictOf } from '../../harness/verdict/testing/sample.ts';
import { faultHistory } from '../testing/history.ts';
import { samplesIn } from '../testing/openmetrics.ts';
import { follow } from './progress.ts';
import { openMetrics } from './registry.ts';

interface Panel {
  title: string;
  targets: { expr: string; legendFormat?: string }[];
  transformations?: { options: { excludeByName?: object; indexByName?: object } }[];
}
interface Dashboard {
  panels: Panel[];
  templating: { list: { type: string; query: string }[] };
}

/** What PromQL has a list of labels after. */
const LABEL_LISTS = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;
const words = (text = '') => text.match(/\w+/g) ?? [];

/** The metrics of a query, each with the labels that it selects by; and the labels that the query groups by. */
function queried(expr: string) {
  const bare = expr.replaceAll(/"[^"]*"/g, '""');
  const grouped = [...bare.matchAll(LABEL_LISTS)].flatMap(([, list]) => words(list));
  const selected = [...bare.replaceAll(LABEL_LISTS, '').matchAll(/\b(ordeal_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, metric = '', matchers]) => ({
      metric,
      labels: [...(matchers ?? '').matchAll(/(\w+)\s*[=!]/g)].map(([, label]) => label as string),
    }),
  );
  return { selected, grouped };
}

describe('the dashboard', () => {
  const dashboard: Dashboard = JSON.parse(readFileSync(new URL('dashboard.json', import.meta.url), 'utf8'));
  const queries = dashboard.panels.flatMap(({ targets }) => targets);
  let emitted: Map<string, Set<string>>;
  before(async () => {
    const verdict = verdictOf();
    const progress = follow(faultHistory())();
    emitted = new Map();
    for (const { labels, name } of samplesIn(await openMetrics([{ runId: 'r', progress, verdict }]))) {
      emitted.set(name, new Set([...(emitted.get(name) ?? []), ...Object.keys(labels)]));
    }
  });
  const labelsOf = (metric: string) => [...(emitted.get(metric) ?? [])];

  it('asks for metrics that are told, by labels that they have', () => {
    expect(queries).to.have.length.above(6);
    for (const { expr, legendFormat } of queries) {
      const { grouped, selected } = queried(expr);
      expect(selected, expr).not.to.deep.equal([]);
      for (const { labels, metric } of selected) {
        expect([...emitted.keys()], expr).to.include(metric);
        expect(labelsOf(metric), expr).to.include.members(labels);
        expect(labels, expr).to.include('run');
        expect(labelsOf(metric), expr).to.include.members(grouped);
      }
      expect(grouped, expr).to.include.members(legendFormat?.match(/\w+/g) ?? []);
    }
  });

  it('leaves out nothing that is told', () => {
    const shown = queries.flatMap(({ expr }) => queried(expr).selected.map(({ metric }) => metric));
    expect(shown).to.include.members([...emitted.keys()]);
  });

  it('has columns of what its queries give', () => {
    for (const { targets, title, transformations = [] } of dashboard.panels) {
      const given = targets.flatMap(({ expr }) => queried(expr).grouped);
      const columns = transformations.flatMap(({ options }) =>
        Object.keys({ ...options.excludeByName, ...options.indexByName }),
      );
      for (const column of columns.filter((name) => !/^(Time|Value( #[A-E])?)$/.test(name)))
        expect(given, title).to.include(column);
    }
  });

  it('lets one choose among the runs that there are', () => {
    const { query } = dashboard.templating.list.find(({ type }) => type === 'query') ?? {};
    const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query ?? '') ?? [];
    expect(labelsOf(metric)).to.include(label);
  });
});
