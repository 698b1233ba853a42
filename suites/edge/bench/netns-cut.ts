import { type ChildProcess, spawn } from 'node:child_process';
import type { KernelPath } from '../../../clusters/network/port.ts';
import { machineClock } from '../workload/program.ts';
import type { Bounds } from './blackouts.ts';
import type { Cutter } from './outages.ts';

const TABLE = 'netdev ordeal_bench';

/**
 * Cuts a link of the netns lab in its NIC. One nft stays and takes its orders on standard input, so that between an order
 * and its answer lies the kernel's act and hardly anything else: some milliseconds, where a command of its own takes tens.
 */
export class NetnsCutter implements Cutter {
  readonly #nft: ChildProcess;
  readonly #signal: AbortSignal;
  #said = '';
  readonly #ended: Promise<void>;
  #answered: (() => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  private constructor({ nic }: KernelPath, signal: AbortSignal) {
    this.#signal = signal;
    const [command, ...args] = [...nic.enter, 'nft', '-i'];
    this.#nft = spawn(command as string, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#nft.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
      if (this.#said.includes(TABLE)) this.#answered?.();
    });
    let said = '';
    this.#nft.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      this.#failed?.(new Error(`nft says ${said.trim()}`));
    });
    this.#ended = new Promise((resolve) => {
      const over = () => {
        this.#failed?.(new Error(`nft has ended: ${said.trim()}`));
        resolve();
      };
      this.#nft.once('error', over).once('close', over);
    });
  }

  static async open(path: KernelPath, signal: AbortSignal): Promise<NetnsCutter> {
    const cutter = new NetnsCutter(path, signal);
    const { nicCloud, nicEdge } = path.interfaces;
    const chain = (name: string, device: string) =>
      `add chain ${TABLE} ${name} { type filter hook ingress device ${device} priority 0; }`;
    await cutter.#order(
      [`add table ${TABLE}`, chain('to_cloud', nicEdge), chain('to_edge', nicCloud)].join('; '),
    );
    return cutter;
  }

  async blackout(ms: number) {
    // ARP goes on: a neighbour that was forgotten would be asked for once a second, and the way stay shut for so long.
    const drop = (chain: string) => `add rule ${TABLE} ${chain} meta protocol ip drop`;
    const cut = await this.#order([drop('to_cloud'), drop('to_edge')].join('; '));
    await machineClock.sleep(ms, this.#signal);
    const mended = await this.#order(`flush table ${TABLE}`);
    return { cut, mended };
  }

  async close(): Promise<void> {
    this.#failed = undefined;
    this.#nft.stdin?.end();
    await this.#ended;
  }

  /** The listing that comes after it is the order's answer. */
  async #order(line: string): Promise<Bounds> {
    const after = machineClock.mono();
    await new Promise<void>((resolve, reject) => {
      this.#said = '';
      this.#answered = resolve;
      this.#failed = reject;
      this.#nft.stdin?.write(`${line}\nlist tables\n`);
    });
    return [after, machineClock.mono()];
  }
}
