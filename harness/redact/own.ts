import { Redactor } from './redactor.ts';

/** Of this process: what it learns anywhere is taken out wherever text leaves. */
export const redactor = new Redactor();
redactor.learnEnvironment(process.env);

/** Has a stream’s text pass the redactor; a terminal’s control sequences have nothing that it knows. */
export function redactWrites(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
  stream.write = ((chunk: unknown, ...rest: unknown[]) =>
    write(typeof chunk === 'string' ? redactor.text(chunk) : chunk, ...rest)) as typeof stream.write;
}
