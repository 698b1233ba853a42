/** Exit codes of the command, as a pipeline sees them. */
export const EXIT = {
  certified: 0,
  refused: 1,
  inconclusive: 2,
  usage: 3,
  unable: 4,
  defect: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface ErrorFacts {
  /** Stable and greppable, SCREAMING_SNAKE: `PLAN_INVALID`, `KIND_MISSING`. */
  code: string;
  /** 3: the user's input is wrong; 4: this machine or cluster cannot do it; 5: a defect of the harness. */
  exit: ExitCode;
  /** What was attempted, as a clause: "reading the plan ordeal.yaml". */
  tried: string;
  /** What came back. */
  seen: string;
  /** What the reader can do about it. */
  todo: string;
  cause?: unknown;
}

/** The only error type that crosses a folder: everything else is a defect and exits 5. */
export class OrdealError extends Error {
  readonly code: string;
  readonly exit: ExitCode;
  readonly tried: string;
  readonly seen: string;
  readonly todo: string;

  constructor(facts: ErrorFacts) {
    super(`${facts.tried}: ${facts.seen}`, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'OrdealError';
    this.code = facts.code;
    this.exit = facts.exit;
    this.tried = facts.tried;
    this.seen = facts.seen;
    this.todo = facts.todo;
  }

  /** The whole story in one block, for a terminal. */
  format(): string {
    return `${this.code}: ${this.message}\n  do: ${this.todo}`;
  }
}

/** A one-line text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
