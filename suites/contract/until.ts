import { waitFor } from '../../harness/clock/wait-for.ts';

interface UntilOptions<T> {
  deadlineMs: number;
  /** What of the last look an error tells; its status unless told. */
  seen?(last: T | undefined): string;
}

/** Reads until `probe` is content with what was read, and returns that. `what` reads as "pod x running". */
export async function until<T>(
  read: () => Promise<T>,
  what: string,
  probe: (seen: T) => boolean,
  { deadlineMs, seen = statusText }: UntilOptions<T>,
): Promise<T> {
  let last: T | undefined;
  return await waitFor(
    async () => {
      last = await read();
      return probe(last) ? last : undefined;
    },
    { what, deadlineMs, seen: () => seen(last) },
  );
}

function statusText(last: unknown): string {
  return JSON.stringify((last as { status?: unknown } | undefined)?.status ?? last) ?? 'nothing';
}
