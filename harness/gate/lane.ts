import type { Verdict } from '../verdict/verdict.ts';
import type { Lane } from './policy.ts';

/** What of a lane a run has not seen, as `kubernetes 1.27.3 (it saw v1.34.4)`. */
export function unseenOf(lane: Lane, { provider, versions }: Verdict['cluster']): string[] {
  return Object.entries(lane).flatMap(([name, wanted]) => {
    // A provider is meant word for word: a double of K3s is another one.
    if (name === 'provider' ? provider === wanted : isVersion(versions[name], wanted)) return [];
    const saw = name === 'provider' ? provider : versions[name];
    return [`${name} ${wanted} (it saw ${saw ?? 'none'})`];
  });
}

/** `provider kind, kubernetes 1.34`. */
export function laneText(lane: Lane): string {
  return Object.entries(lane)
    .map(([name, wanted]) => `${name} ${wanted}`)
    .join(', ');
}

/**
 * Whether a version that was seen is the one that is wanted, or one of it: `v1.34.4` is a `1.34`, `1.3` is none. What
 * stands before it (`containerd://`, `v`) does not count; what is said behind it does: `1.34.4 (embedded)` is no 1.34.4.
 */
export function isVersion(seen: string | undefined, wanted: string): boolean {
  if (seen === undefined) return false;
  const [is, of] = [bare(seen), bare(wanted)];
  return is === of || (is.startsWith(`${of}.`) && !is.includes(' '));
}

function bare(version: string): string {
  return version.replace(/^[a-z][a-z0-9+.-]*:\/\//, '').replace(/^v(?=\d)/, '');
}
