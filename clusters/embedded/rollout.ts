/** Arithmetic of a Deployment's rollout: how many pods each of its ReplicaSets should have next. Pure; upstream's rules. */

export type IntOrPercent = number | string;

/** A Deployment's limits, in pods. */
export interface PodLimits {
  replicas: number;
  /** Pods beyond `replicas` that may be there while a rollout lasts. */
  surge: number;
  /** Pods below `replicas` that may be missing. */
  unavailable: number;
}

/** One ReplicaSet: how many pods it is told to have, and how many of those are available. */
export interface Share {
  replicas: number;
  available: number;
}

/** Surge is rounded up, unavailability down; where both come to nothing one pod may be missing, for progress's sake. */
export function podLimits(
  replicas: number,
  rolling?: { maxSurge: IntOrPercent; maxUnavailable: IntOrPercent },
): PodLimits {
  if (!rolling) return { replicas, surge: 0, unavailable: replicas };
  const surge = Math.ceil(scaled(rolling.maxSurge, replicas));
  const unavailable = Math.floor(scaled(rolling.maxUnavailable, replicas));
  return {
    replicas,
    surge,
    unavailable: Math.min(replicas, surge === 0 && unavailable === 0 ? 1 : unavailable),
  };
}

function scaled(limit: IntOrPercent, replicas: number): number {
  return typeof limit === 'number' ? limit : (Number.parseFloat(limit) * replicas) / 100;
}

/** How many pods the new ReplicaSet gets: as many as the surge leaves room for. */
export function newShare({ replicas, surge }: PodLimits, current: number, old: readonly Share[]): number {
  if (current >= replicas) return replicas;
  const room = replicas + surge - current - sum(old, (share) => share.replicas);
  return room <= 0 ? current : Math.min(replicas, current + room);
}

/**
 * How many pods the old ReplicaSets keep, oldest first as they were given: those that are not available go first, then
 * as many of the others as availability can spare.
 */
export function oldShares(
  { replicas, unavailable }: PodLimits,
  fresh: Share,
  old: readonly Share[],
): number[] {
  const enough = replicas - unavailable;
  const all = fresh.replicas + sum(old, (share) => share.replicas);
  let spare = all - enough - (fresh.replicas - fresh.available);
  if (spare <= 0) return old.map((share) => share.replicas);
  const healthy = old.map((share) => {
    const sick = Math.min(Math.max(0, spare), share.replicas - Math.min(share.replicas, share.available));
    spare -= sick;
    return share.replicas - sick;
  });
  let sparable = fresh.available + sum(old, ({ available }) => available) - enough;
  return healthy.map((count) => {
    const gone = Math.min(Math.max(0, sparable), count);
    sparable -= gone;
    return count - gone;
  });
}

/** A ReplicaSet as it was when it was last scaled: `base` is the most pods that all together might have had then. */
interface Slice {
  replicas: number;
  base: number;
}

/**
 * A Deployment that is scaled in the midst of a rollout: each ReplicaSet with pods gets its part of what comes or goes,
 * in the order given; what rounding leaves is the first one's.
 */
export function proportional({ replicas, surge }: PodLimits, slices: readonly Slice[]): number[] {
  const wanted = replicas > 0 ? replicas + surge : 0;
  const change = wanted - sum(slices, (slice) => slice.replicas);
  let given = 0;
  const sizes = slices.map((slice) => {
    const part = Math.round((slice.replicas * (replicas + surge)) / slice.base) - slice.replicas;
    const allowed = change - given;
    const step =
      replicas === 0 ? -slice.replicas : change > 0 ? Math.min(part, allowed) : Math.max(part, allowed);
    given += step;
    return slice.replicas + step;
  });
  return sizes.map((size, index) => (index === 0 ? Math.max(0, size + change - given) : size));
}

function sum<T>(items: readonly T[], figure: (item: T) => number): number {
  return items.reduce((total, item) => total + figure(item), 0);
}
