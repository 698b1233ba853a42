/** Versions of Kubernetes as clusters say them: `v1.34.4`, `1.27.3-gke.100`, `1.34.4 (embedded)`. */

export type Version = readonly [major: number, minor: number, patch: number];

/** Undefined where it is none. What comes after the three figures is a build's or a provider's, and is left out. */
export function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch] = /^v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?(?![\d.])/.exec(text.trim()) ?? [];
  if (major === undefined || minor === undefined) return undefined;
  return [Number(major), Number(minor), Number(patch ?? 0)];
}

/** Below 0 where `a` is the earlier one. */
export function compareVersions(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** From the first version that has it to before the first that has not; without an end it goes on. */
export interface Range {
  from?: string;
  before?: string;
}

/** Whether a version is in any of the ranges; one that cannot be read is in none. @throws RangeError for a range's own. */
export function within(text: string, ranges: readonly Range[]): boolean {
  const version = parseVersion(text);
  if (!version) return false;
  return ranges.some(
    ({ before, from }) =>
      (from === undefined || compareVersions(version, bound(from)) >= 0) &&
      (before === undefined || compareVersions(version, bound(before)) < 0),
  );
}

function bound(text: string): Version {
  const version = parseVersion(text);
  if (!version) throw new RangeError(`${text} is no version`);
  return version;
}
