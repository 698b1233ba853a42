/** What harness and keeper say to each other: a JSON object a line. */
import type { ErrorFacts } from '../../../../harness/errors/error.ts';

/** To the keeper. Commands run side by side. */
export interface Command {
  id: number;
  argv: readonly string[];
  input?: string;
  /** Milliseconds. */
  timeoutMs?: number;
}

/** From the keeper: that it is there, how a command ended, or why it could not be run to an end. */
export type Answer =
  | { ready: true }
  | { id: number; exitCode: number; stdout: string; stderr: string }
  | { id: number; error: Omit<ErrorFacts, 'cause'> };
