import { createInterface } from 'node:readline/promises';
import { EXIT, OrdealError } from '../errors/error.ts';

interface Question {
  ask: string;
  /** What an empty answer stands for; absent where it may stay empty. */
  otherwise?: string;
  /** Why an answer will not do; it is asked again. */
  wrong?(answer: string): string | undefined;
}

export type Asker = (question: Question) => Promise<string>;

/**
 * Asks on a terminal, until there is an answer that will do.
 * @throws OrdealError INTERRUPTED (exit 130) where the answers end.
 */
export async function asking<T>(
  { input, output }: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream },
  work: (ask: Asker) => Promise<T>,
): Promise<T> {
  const terminal = createInterface({ input, output });
  const ended = new AbortController();
  terminal.once('close', () => ended.abort());
  terminal.once('SIGINT', () => ended.abort());
  try {
    return await work(async ({ ask, otherwise, wrong }) => {
      for (;;) {
        const hint = otherwise === undefined ? '' : ` [${otherwise}]`;
        const said = (await terminal.question(`${ask}${hint}: `, { signal: ended.signal })).trim();
        const answer = said === '' ? (otherwise ?? '') : said;
        const reason = wrong?.(answer);
        if (reason === undefined) return answer;
        output.write(`  ${reason}\n`);
      }
    });
  } catch (error) {
    if (ended.signal.aborted) throw unanswered();
    throw error;
  } finally {
    terminal.close();
  }
}

function unanswered(): OrdealError {
  return new OrdealError({
    code: 'INTERRUPTED',
    exit: EXIT.interrupted,
    tried: 'asking for a plan',
    seen: 'the answers ended, and nothing was written',
    todo: 'answer each question, or give the answers as options: ordeal plan init --help',
  });
}
