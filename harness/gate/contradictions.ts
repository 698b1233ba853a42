import { few } from '../errors/words.ts';
import { type EngineEvents, eventsOf, type History } from '../history/event.ts';
import type { Plan } from '../plan/schema.ts';
import type { Verdict } from '../verdict/verdict.ts';

/** What a verdict as it was written says otherwise than its history does. Pure. */
export function writtenOtherwise(written: unknown, judged: Verdict): string[] {
  // As it would have been written: without what is undefined.
  const paths = differences(written, JSON.parse(JSON.stringify(judged)), '');
  if (paths.length === 0) return [];
  return [
    `verdict.json does not agree with its history, which was tampered with or which another version judged: ${few(paths)}`,
  ];
}

/**
 * What a plan says otherwise than the history that was recorded under it: a level is no higher for being renamed, and a
 * fault that did not bite was scheduled all the same.
 */
export function plannedOtherwise(plan: Plan, history: History): string[] {
  const started = eventsOf<EngineEvents['run.started']>(history, 'run.started')[0]?.body;
  const cluster = eventsOf<EngineEvents['cluster.up']>(history, 'cluster.up').at(-1)?.body;
  return [
    ...(['profile', 'level', 'seed'] as const).map((name) => otherwise(name, plan[name], started?.[name])),
    // A double says so behind its provider's name.
    otherwise('cluster.provider', plan.cluster.provider, cluster?.provider.split(' ')[0]),
    judgedOtherwise(plan, started?.judgedBy),
  ].flat();
}

/** A verdict that a plan which is not the one that was recorded has come to: whatever it asked for, it certifies nothing. Pure. */
export function underAnotherPlan(verdict: Verdict, differing: readonly string[]): Verdict {
  const [first] = differing;
  if (first === undefined) return verdict;
  const reasons = [...verdict.reasons, ...differing];
  if (verdict.verdict !== 'pass') return { ...verdict, reasons };
  return { ...verdict, verdict: 'inconclusive', summary: `Inconclusive: ${first}`, reasons };
}

function judgedOtherwise({ requirements, suites }: Plan, recorded: object | undefined): string[] {
  if (recorded === undefined) return [];
  const paths = differences(JSON.parse(JSON.stringify({ suites, requirements })), recorded, '');
  return paths.length === 0 ? [] : [`plan.yaml is not the one that was recorded: ${few(paths)}`];
}

/** What was not recorded contradicts nothing: a history without its start is inconclusive by itself. */
function otherwise(name: string, planned: unknown, recorded: unknown): string[] {
  if (recorded === undefined || planned === recorded) return [];
  return [`plan.yaml has ${name} ${planned}, and its history ${recorded}`];
}

/** Where two JSON values differ, as `requirements.0.verdict (pass, and not fail)`. */
export function differences(written: unknown, judged: unknown, path: string): string[] {
  if (Object.is(written, judged)) return [];
  if (isContainer(written) && isContainer(judged) && Array.isArray(written) === Array.isArray(judged)) {
    const keys = new Set([...Object.keys(written), ...Object.keys(judged)]);
    return [...keys].flatMap((key) =>
      differences(own(written, key), own(judged, key), path === '' ? key : `${path}.${key}`),
    );
  }
  return [`${path || 'the whole'} (${brief(written)}, and not ${brief(judged)})`];
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function own(value: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function brief(value: unknown): string {
  const text = value === undefined ? 'absent' : typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
