import { DefaultRenderer, Listr, ListrLogger, PRESET_TIMER, ProcessOutput } from 'listr2';
import type { Clock } from '../clock/clock.ts';

/** What a person sees while a command works. */
export interface Display {
  /** Shows a step while it works, and whether it came to its end. */
  task<T>(title: string, work: () => Promise<T>): Promise<T>;
  /** What the step is at now. */
  line(text: string): void;
}

export interface DisplayOptions {
  /** Where it goes; reports have the other stream. */
  stderr: NodeJS.WriteStream;
  stdout: NodeJS.WriteStream;
  env: NodeJS.ProcessEnv;
  clock: Clock;
  quiet: boolean;
}

/** A live list on a terminal, plain stamped lines elsewhere, nothing where it is to be quiet. */
export function displayOn(options: DisplayOptions): Display {
  if (options.quiet) return { task: async (_title, work) => await work(), line: () => undefined };
  const { env, stderr } = options;
  return stderr.isTTY && env.TERM !== 'dumb' && !env.CI ? live(options) : plain(options);
}

function plain({ clock, stderr }: DisplayOptions): Display {
  const started = clock.mono();
  const line = (text: string) => {
    const seconds = ((clock.mono() - started) / 1_000).toFixed(1);
    stderr.write(`${seconds.padStart(6)} s  ${text}\n`);
  };
  return {
    line,
    async task(title, work) {
      line(title);
      return await work();
    },
  };
}

/** It asks whether standard output is a terminal, and is given standard error, which was looked at already. */
class StderrRenderer extends DefaultRenderer {
  static override nonTTY = true;
}

/** A list for each step: a run's steps come one after the other, and none knows of the next. */
function live(options: DisplayOptions): Display {
  let current: { output: string } | undefined;
  const elsewhere = plain(options);
  return {
    line(text) {
      if (current) current.output = text;
      else elsewhere.line(text);
    },
    async task<T>(title: string, work: () => Promise<T>): Promise<T> {
      // A step within a step is a line of it.
      if (current) {
        current.output = title;
        return await work();
      }
      let result: { value: T } | undefined;
      const list = new Listr(
        [
          {
            title,
            async task(_context, task) {
              current = task;
              result = { value: await work() };
            },
          },
        ],
        {
          // Signals are the run's own: it heals before it ends.
          registerSignalListeners: false,
          renderer: StderrRenderer,
          rendererOptions: {
            logger: new ListrLogger({ processOutput: new ProcessOutput(options.stderr, options.stdout) }),
            timer: PRESET_TIMER,
            // What a step failed of is told once, at the end, in full.
            showErrorMessage: false,
          },
        },
      );
      try {
        await list.run();
      } finally {
        current = undefined;
      }
      return (result as { value: T }).value;
    },
  };
}
