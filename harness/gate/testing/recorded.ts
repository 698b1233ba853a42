import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { systemClock } from '../../clock/clock.ts';
import { eventsOf } from '../../history/event.ts';
import { openHistory } from '../../history/writer.ts';
import { Plan } from '../../plan/schema.ts';
import { HISTORY_FILE, PLAN_FILE, VERDICT_FILE } from '../../run/files.ts';
import { type JudgedSuite, judge } from '../../verdict/judge.ts';

/** A suite of one requirement: none of the starts that the history tells of was false. */
export const startsSuite: JudgedSuite = {
  name: 'gpu',
  requirements: (plan) => [
    {
      id: 'GPU-1',
      title: 'zero false allocation',
      check(history) {
        const starts = eventsOf<{ usable: boolean }>(history, 'start');
        const measured = starts.filter(({ body }) => !body.usable).length;
        const threshold = plan.requirements['GPU-1']?.threshold ?? 0;
        return {
          verdict: measured <= threshold ? 'pass' : 'fail',
          measured,
          threshold,
          comparison: '<=',
          unit: 'starts',
          samples: starts.length,
          confidence: null,
          upperBound: null,
          reason: `${measured} of ${starts.length} starts`,
        };
      },
    },
  ],
  scheduledFaults: () => ['delay-1'],
};

/** Leaves in `dir` what a run leaves there: its plan, its history and its verdict. */
export function recordRun(
  dir: string,
  { plan: fields = {}, usable = [true, true, true] }: { plan?: object; usable?: boolean[] } = {},
): void {
  mkdirSync(dir, { recursive: true });
  const plan = Plan.parse(fields);
  const { profile, level, requirements, seed, suites } = plan;
  const judgedBy = { suites, requirements };
  const recorder = openHistory(join(dir, HISTORY_FILE), systemClock);
  const say = (type: string, body: unknown) => recorder.record('harness', type, body);
  const names = { fault: 'delay-1', kind: 'gpu/bind-delay', target: 'every node' };
  const about = { runId: 'r1', ordeal: '0.1.0', replay: 'ordeal run' };
  say('run.started', { ...about, seed, profile, level, judgedBy });
  const versions = { kubernetes: 'v1.34.4' };
  const { provider } = plan.cluster;
  say('cluster.up', { name: 'c', provider, versions, evidence: 'real-kubernetes', nodes: ['n'] });
  say('steady.reached', { suite: startsSuite.name, measured: {} });
  say('fault.injecting', { ...names, mechanism: 'knob' });
  say('fault.injected', { ...names, mechanism: 'knob', detail: null });
  say('fault.bit', { fault: 'delay-1', bit: true, evidence: 'binds took 900 ms' });
  for (const each of usable) say('start', { usable: each });
  say('fault.healing', { fault: 'delay-1' });
  say('fault.healed', { fault: 'delay-1', healed: true, evidence: 'binds take 250 ms' });
  say('run.ended', { outcome: 'done' });
  recorder.close();
  const verdict = judge({ history: recorder.events, suites: [startsSuite], plan, truncated: false });
  writeFileSync(join(dir, PLAN_FILE), stringify(plan));
  writeFileSync(join(dir, VERDICT_FILE), `${JSON.stringify(verdict, null, 2)}\n`);
}
