import { expect } from 'chai';
import type { History, HistoryEvent } from '../harness/history/event.ts';
import { Plan } from '../harness/plan/schema.ts';
import { judge } from '../harness/verdict/judge.ts';
import { SUBJECTS } from './judging/subjects.ts';

/** What a history has once, whatever its suites are. */
const ONCE = new Set(['run.started', 'cluster.up', 'nodes.found', 'run.ended']);

/** Real probers tell as their nodes do, and count from the machine's start; a GPU node's program counts from its own. */
const UP_MS = 78_915_766;

function byMachineClock(event: HistoryEvent): HistoryEvent {
  if (!event.type.startsWith('ledger.probe.')) return event;
  const body = Object.entries(event.body as object).map(([name, value]) => [
    name,
    /^(mono|fromMono|toMono)$/.test(name) ? value + UP_MS : value,
  ]);
  return { ...event, source: event.source.replace(/^(\w+) .*/, 'node/$1'), body: Object.fromEntries(body) };
}

/** Two runs on nodes of the same names as one run in which both suites took part. */
function together(first: History, second: History): History {
  const sameNodes = JSON.parse(JSON.stringify(second).replaceAll(/\be(?=[1-5]\b)/g, 'w')) as History;
  const own = sameNodes.filter(({ type }) => !ONCE.has(type)).map(byMachineClock);
  const end = first.at(-1) as HistoryEvent;
  const last = Math.max(end.mono, own.at(-1)?.mono ?? 0);
  return [...first.slice(0, -1), ...own]
    .sort((a, b) => a.mono - b.mono)
    .concat({ ...end, mono: last })
    .map((event, seq) => ({ ...event, seq }));
}

describe('a run of both suites in one plan', () => {
  const { edge, gpu } = SUBJECTS;
  const [ofGpu, ofEdge] = [gpu.run().once, edge.run().once];
  const plan = Plan.parse({
    ...gpu.plan,
    suites: [...gpu.plan.suites, ...edge.plan.suites],
    requirements: { ...gpu.plan.requirements, ...edge.plan.requirements },
  });

  it('is judged as each of them is alone, though both watch pods and read ledgers of the same nodes', () => {
    const history = together(ofGpu, ofEdge);
    const both = judge({ history, suites: [gpu.suite, edge.suite], plan, truncated: false });
    for (const [subject, own] of [
      [gpu, ofGpu],
      [edge, ofEdge],
    ] as const) {
      const alone = judge({ history: own, suites: [subject.suite], plan: subject.plan, truncated: false });
      expect(alone.verdict, alone.summary).to.equal('pass');
      for (const { id, measured, reason, samples, verdict } of alone.requirements)
        expect(
          both.requirements.find((each) => each.id === id),
          reason,
        ).to.include({ id, measured, samples, verdict });
    }
    expect(both.verdict, both.summary).to.equal('pass');
  });
});
