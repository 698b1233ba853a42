import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { waitFor } from '../../harness/clock/wait-for.ts';
import type { Started } from './command.ts';

/** Waits until a run that was started has recorded its first fault, and is not over by then. */
export async function injected({ child, output }: Started, out: string, deadlineMs: number): Promise<void> {
  const recorded = () => {
    try {
      return readFileSync(join(out, 'events.jsonl'), 'utf8').includes('"fault.injected"');
    } catch {
      return false;
    }
  };
  await waitFor(() => recorded() || child.exitCode !== null, { what: 'a fault', deadlineMs, seen: output });
  expect(child.exitCode, output()).to.equal(null);
}
