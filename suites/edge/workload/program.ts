/** What the edge's programs have in common: options as one JSON argument, a ledger on standard output, an orderly end. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';
import type { z } from 'zod';
import { type Clock, systemClock } from '../../../harness/clock/clock.ts';
import { LedgerWriter } from './ledger-writer.ts';

/** CLOCK_MONOTONIC, which all processes of a machine share, whatever namespaces they are in. */
export const machineClock: Clock = {
  mono: () => Number(process.hrtime.bigint()) / 1e6,
  wall: systemClock.wall,
  sleep: systemClock.sleep,
};

/** Names the machine's monotonic clock: one boot of one kernel. */
export function clockId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // No such file outside of Linux; there a machine has one clock all the same.
    return hostname();
  }
}

export interface Program {
  /** Ends in order: what it still knows is in the ledger when it resolves. */
  stop(): Promise<void>;
  /** A line of standard input, where the program takes orders. */
  order?(line: string): Promise<void>;
}

/**
 * Starts a program with the options of its first argument and stops it on SIGTERM or SIGINT. With `--lifeline` its
 * standard input is held by the one who started it: when that closes, however the other went, the program ends too.
 */
export async function runProgram<Options>(
  schema: z.ZodType<Options>,
  start: (options: Options, ledger: LedgerWriter) => Promise<Program>,
): Promise<void> {
  const options = schema.parse(JSON.parse(process.argv[2] ?? '{}'));
  const ledger = new LedgerWriter(randomUUID().slice(0, 8), machineClock, (line) => {
    process.stdout.write(`${line}\n`);
  });
  const program = await start(options, ledger);
  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    await program.stop();
    // Lines that the pipe has not taken yet would be lost by an exit.
    process.stdout.write('', () => process.exit(0));
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  if (!process.argv.includes('--lifeline')) return;
  const orders = createInterface({ input: process.stdin });
  orders.on('line', (line) => void program.order?.(line));
  orders.on('close', end);
}
