/** Objects a second that looks at a cluster list: a kilobyte or ten each, of an API server that is someone's. */
const OBJECTS_A_SECOND = 200;

/** Milliseconds between two looks that list so many objects each; a few of them are looked at as often as is asked. */
export function paceMs(objects: number, askedMs: number): number {
  return Math.max(askedMs, (objects / OBJECTS_A_SECOND) * 1_000);
}
