import { UPGRADE, UpgradeWith } from '../../faults/cluster/upgrade.ts';
import { BrokerRestartWith } from '../../faults/network/broker-restart.ts';
import { type Mistake, mistakesOf } from '../../harness/plan/document.ts';
import { planInvalid } from '../../harness/plan/load.ts';
import { Duration, type FaultPlan, type Plan } from '../../harness/plan/schema.ts';
import { partOf } from '../plan-part.ts';
import { upgradeRefusal } from '../upgrade.ts';
import { BROKER_HOLD_MS, BROKER_RESTART, type LinkFaultKinds } from './faults.ts';
import { inGuest, SUITE } from './settings.ts';

/** A fault as it will be held. */
export interface Scheduled {
  id: string;
  kind: string;
  /** Which link it is put on, counted round; undefined for the broker's. */
  link: number | undefined;
  holdMs: number;
  parameters: unknown;
}

/**
 * Twelve seconds of the incident's defect are more than the ten that a disconnect may last. The partition is
 * shorter than that and than the watchdog's patience, and longer than the orchestrator needs to notice.
 */
const DEFAULT: readonly FaultPlan[] = [
  { kind: 'network/offload-defect', with: { for: 12_000 } },
  { kind: 'network/partition', with: { for: 6_500, match: 'tunnel' } },
  { kind: 'network/tunnel-restart', with: {} },
  { kind: BROKER_RESTART, with: {} },
];
/**
 * In a guest a command takes up to a second, and a partition both ways is two changes of some commands each: one way, it is
 * hardly longer than it is held. There is always tc netem, and so corruption by it besides.
 */
const DEFAULT_IN_GUEST: readonly FaultPlan[] = [
  { kind: 'network/offload-defect', with: { for: 12_000 } },
  { kind: 'network/partition', with: { for: 6_500, match: 'tunnel', direction: 'to-cloud' } },
  { kind: 'network/tunnel-restart', with: {} },
  { kind: 'network/checksum-corruption', with: { for: 6_000, share: 20 } },
  { kind: BROKER_RESTART, with: {} },
];

/** What leaves everything on someone's nodes alone but the run's own packets and program. */
const DEFAULT_ON_FOUND: readonly FaultPlan[] = [
  { kind: 'network/partition', with: { for: 6_500, match: 'tunnel' } },
  { kind: BROKER_RESTART, with: {} },
];

/**
 * Those of the links and of the broker in the order of the plan, each on the next link unless it says `link`; one may come more
 * than once.
 * @throws OrdealError PLAN_INVALID (exit 3) for a kind that there is not, or a wrong parameter.
 */
export function scheduleOf(plan: Plan, kinds: LinkFaultKinds): Scheduled[] {
  const { part, index } = partOf(plan, SUITE);
  const counts = new Map<string, number>();
  const scheduled: Scheduled[] = [];
  let links = 0;
  const found = plan.cluster.provider === 'existing';
  const mistakes = (part.faults ?? defaultFor(plan)).flatMap((fault, at) => {
    const path = ['suites', index, 'faults', at];
    if (fault.kind === UPGRADE) return upgradeMistakes(plan, fault, path);
    const onBroker = fault.kind === BROKER_RESTART;
    const kind = kinds[fault.kind];
    if (!kind && !onBroker) {
      const known = [...Object.keys(kinds), BROKER_RESTART, UPGRADE].join(', ');
      return [{ path: [...path, 'kind'].join('.'), message: `expected one of ${known}, got ${fault.kind}` }];
    }
    if (found && kind && !kind.makeOnFound) {
      const message = `${fault.kind} would change links that are somebody’s, on ${plan.cluster.provider}`;
      return [{ path: [...path, 'kind'].join('.'), message }];
    }
    const { for: hold, link, ...rest } = fault.with;
    const held = Duration.optional().safeParse(hold);
    if (!held.success) return mistakesOf(held.error, [...path, 'with', 'for']);
    if (link !== undefined && (onBroker || !Number.isInteger(link) || (link as number) < 0)) {
      const expected = onBroker ? 'no link: the broker is on none' : 'the number of a link, from 0';
      return [{ path: [...path, 'with', 'link'].join('.'), message: `expected ${expected}` }];
    }
    const given = { ...(kind?.drawn && { seed: plan.seed + at }), ...rest };
    const parameters = (kind?.schema ?? BrokerRestartWith).safeParse(given);
    if (!parameters.success) return mistakesOf(parameters.error, [...path, 'with']);
    const name = fault.kind.slice(fault.kind.indexOf('/') + 1);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    scheduled.push({
      id: `${name}-${count}`,
      kind: fault.kind,
      link: onBroker ? undefined : ((link as number | undefined) ?? links++),
      holdMs: held.data ?? kind?.holdMs ?? BROKER_HOLD_MS,
      parameters: parameters.data,
    });
    return [];
  });
  if (mistakes.length > 0) throw planInvalid(`checking the faults of suite ${SUITE}`, mistakes);
  return scheduled;
}

/** The version that the suite brings every node to, once the links and the cloud have been through; undefined: none. */
export function upgradeIn(plan: Plan): UpgradeWith | undefined {
  const { part } = partOf(plan, SUITE);
  const fault = part.faults?.find(({ kind }) => kind === UPGRADE);
  return fault && UpgradeWith.parse(fault.with);
}

function upgradeMistakes(plan: Plan, fault: FaultPlan, path: (string | number)[]): Mistake[] {
  const { part } = partOf(plan, SUITE);
  if (part.faults?.find(({ kind }) => kind === UPGRADE) !== fault)
    return [{ path: path.join('.'), message: `${UPGRADE} is scheduled twice` }];
  const parsed = UpgradeWith.safeParse(fault.with);
  if (!parsed.success) return mistakesOf(parsed.error, [...path, 'with']);
  const message = upgradeRefusal(plan, SUITE, parsed.data);
  return message === undefined ? [] : [{ path: [...path, 'with.to'].join('.'), message }];
}

function defaultFor(plan: Plan): readonly FaultPlan[] {
  if (plan.cluster.provider === 'existing') return DEFAULT_ON_FOUND;
  return inGuest(plan) ? DEFAULT_IN_GUEST : DEFAULT;
}

/** What is held side by side: a lane for each link, in the order of the plan. The broker's come after them. */
export function lanesOf(schedule: readonly Scheduled[], links: number): Scheduled[][] {
  const lanes = Array.from({ length: links }, (): Scheduled[] => []);
  for (const fault of schedule) if (fault.link !== undefined) lanes[fault.link % links]?.push(fault);
  return lanes.filter((lane) => lane.length > 0);
}
