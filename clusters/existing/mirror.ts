import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '../../harness/clock/clock.ts';
import { messageOf } from '../../harness/errors/error.ts';
import { followLog, type LogFollower } from '../../harness/kube/follow-log.ts';
import { NODE_STATE } from '../container-nodes/folders.ts';
import { gpuNodeFiles } from '../gpu-node/layout.ts';
import { GpuFaults, GpuNodeSettings } from '../gpu-node/settings.ts';
import { ReplacedFile } from '../replaced-file.ts';
import { execIn, type InPod } from './pod-exec.ts';

const LOOK_MS = 50;
const RETRY_MS = 500;

/** Replaces a file in one step: `node -e WRITE PATH CONTENT`. */
const WRITE =
  "const fs=require('fs');const [path,text]=process.argv.slice(1);fs.writeFileSync(path+'.new',text);fs.renameSync(path+'.new',path)";

/** A line of a ledger; what else is on the agent's standard output is none. */
const LEDGER_LINE = /^\{"at":/;

export interface MirrorOptions {
  /** The node's state folder on this machine. */
  stateDir: string;
  /** The fake GPU node's pod. */
  pod: InPod;
  clock: Clock;
  log: Pick<Logger, 'warn'>;
  /** Pause before a log that ended, or was not to be had, is read again. */
  retryMs: number;
  /** It can be told what to do; else it only tells. */
  orders: boolean;
}

/**
 * Makes a folder of this machine the state folder of a fake GPU node whose own is out of reach: its ledger comes by the
 * pod's log, settings and faults go there as they are replaced here.
 */
export class Mirror {
  readonly #options: MirrorOptions;
  readonly #here: ReturnType<typeof gpuNodeFiles>;
  readonly #orders: { there: string; file: ReplacedFile<unknown>; pending?: unknown }[] = [];
  readonly #ending = new AbortController();
  /** A cut stream is read again from its start. */
  readonly #seen = new Set<string>();
  #follower: LogFollower | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: MirrorOptions) {
    this.#options = options;
    this.#here = gpuNodeFiles(options.stateDir);
    const there = gpuNodeFiles(NODE_STATE);
    if (!options.orders) return;
    this.#orders = [
      { there: there.settings, file: new ReplacedFile(this.#here.settings, GpuNodeSettings) },
      // None may stand where their list was taken away.
      { there: there.faults, file: new ReplacedFile(this.#here.faults, GpuFaults, { faults: [] }) },
    ];
  }

  start(): void {
    const { clock, log, pod, retryMs, stateDir } = this.#options;
    mkdirSync(join(stateDir, 'gpu'), { recursive: true });
    this.#follower = followLog({
      ...pod,
      clock,
      retryMs,
      onLine: (line) => {
        if (!LEDGER_LINE.test(line) || this.#seen.has(line)) return;
        this.#seen.add(line);
        appendFileSync(this.#here.ledger, `${line}\n`);
      },
      onTrouble: (what) => log.warn({ what }, 'the ledger of a fake GPU node'),
    });
    this.#loop = this.#push();
  }

  /** @param last ends the last reading of its log */
  async stop(last: AbortSignal): Promise<void> {
    this.#ending.abort();
    await this.#loop;
    await this.#follower?.stop(last);
  }

  async #push(): Promise<void> {
    const { clock, log, pod } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      let pause = LOOK_MS;
      for (const order of this.#orders) {
        try {
          order.pending = order.file.changed() ?? order.pending;
          if (order.pending === undefined) continue;
          await execIn(pod, ['node', '-e', WRITE, order.there, JSON.stringify(order.pending)]);
          order.pending = undefined;
        } catch (error) {
          pause = RETRY_MS;
          log.warn({ reason: messageOf(error) }, 'a fake GPU node did not get what it was told');
        }
      }
      await clock.sleep(pause, signal).catch(() => undefined);
    }
  }
}
