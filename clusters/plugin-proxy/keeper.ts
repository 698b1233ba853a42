import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Clock } from '../../harness/clock/clock.ts';
import { messageOf } from '../../harness/errors/error.ts';
import { processName } from '../../harness/exec/born-at.ts';
import { removeFront, writeFront } from './front.ts';
import { giveBack, onNode } from './give-back.ts';
import type { ProxyEntry } from './log.ts';
import type { Front, ProxySettings } from './settings.ts';

const STARTED_MS = 30_000;
/** The proxy lets go of what it holds first. */
const STOPPED_MS = 8_000;

interface KeeperOptions {
  settings: ProxySettings;
  /** What starts the proxy, without its settings. */
  program: readonly string[];
  clock: Clock;
  log: { write(entry: ProxyEntry): void };
}

/**
 * Looks after a proxy in a process beside it: however the proxy ends, also by SIGKILL, the vendor’s plugin gets its resource
 * back. The proxy does it where the keeper is the one that is killed.
 */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #front: Front;
  #proxy: ChildProcess | undefined;
  #over: Promise<void> = Promise.resolve();

  constructor(options: KeeperOptions) {
    const { injection: _, ...front } = options.settings;
    this.#options = options;
    this.#front = { ...front, keeper: processName() };
  }

  /** Resolves when the proxy stands in front. @throws Error with what kept it from that; the resource is given back then. */
  async start(): Promise<void> {
    const { clock, program, settings } = this.#options;
    // Known before it is done: whoever finds it gives back what was never taken.
    writeFront(this.#front);
    const [command = '', ...args] = program;
    // Its standard input is its lifeline to the keeper.
    const proxy = spawn(command, [...args, 'serve', JSON.stringify(settings)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#proxy = proxy;
    proxy.stdin.on('error', () => undefined);
    const ended = new Promise<string>((resolve) => {
      proxy.once('error', (error) => resolve(messageOf(error)));
      proxy.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `exit code ${code}`));
    });
    this.#over = ended.then(() => this.#giveBack());
    const said = new Promise<string>((resolve) =>
      createInterface(proxy.stdout).once('line', (line) => resolve(line)),
    );
    const late = clock.sleep(STARTED_MS).then(() => `it did not stand in front within ${STARTED_MS} ms`);
    const first = await Promise.race([said, ended, late]);
    if (first === IN_FRONT) return;
    await this.stop();
    throw new Error(first);
  }

  /** Resolves when the proxy is gone and the resource is the vendor’s again. */
  async over(): Promise<void> {
    await this.#over;
  }

  async stop(): Promise<void> {
    const proxy = this.#proxy;
    proxy?.kill('SIGTERM');
    const patience = setTimeout(() => proxy?.kill('SIGKILL'), STOPPED_MS);
    await this.#over;
    clearTimeout(patience);
  }

  async #giveBack(): Promise<void> {
    const { vendor } = this.#front;
    await onNode(this.#front, (node) => giveBack(vendor, node, this.#options));
    removeFront(this.#front);
  }
}

/** What a proxy says once it is registered. */
export const IN_FRONT = 'in front';
