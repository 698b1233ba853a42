import type { ProbeKind, ProbeSpec } from '../pod.ts';

/** What consecutive attempts of one probe have come to, for one start of a container. */
export interface ProbeState {
  /** `unknown` until a threshold was reached. */
  verdict: 'success' | 'failure' | 'unknown';
  /** The last attempt's outcome, and how often in a row it came. */
  last: boolean | undefined;
  run: number;
}

/** Before the first attempt: a container is taken to be alive, and not to be ready. */
export function freshState(kind: ProbeKind): ProbeState {
  const verdict = { livenessProbe: 'success', readinessProbe: 'failure', startupProbe: 'unknown' } as const;
  return { verdict: verdict[kind], last: undefined, run: 0 };
}

/** The state after one more attempt: the verdict turns once the outcome's threshold is reached. */
export function afterAttempt(
  state: ProbeState,
  ok: boolean,
  { successThreshold, failureThreshold }: Pick<ProbeSpec, 'successThreshold' | 'failureThreshold'>,
): ProbeState {
  const run = state.last === ok ? state.run + 1 : 1;
  const reached = run >= (ok ? successThreshold : failureThreshold);
  return { verdict: reached ? (ok ? 'success' : 'failure') : state.verdict, last: ok, run };
}
