import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Clock } from '../../harness/clock/clock.ts';
import type { gpuNodeFiles } from './layout.ts';
import type { LedgerEntry } from './ledger-writer.ts';
import { deviceId, type GpuNodeSettings } from './settings.ts';

/** After which the defect `dropped-association` drops one: within the look of the container that waited for it. */
const DROPPED_AFTER_MS = 50;

export interface DriverOptions {
  node: string;
  files: ReturnType<typeof gpuNodeFiles>;
  settings: GpuNodeSettings;
  clock: Clock;
  ledger: { write(entry: LedgerEntry): void };
}

/**
 * A fake GPU driver: associates devices with allocations, so many at once (`workers`), each taking its latency, of
 * which `lockMs` is spent under one lock for the whole node. What stands is a file, which nvidia-smi looks for.
 */
export class Driver {
  readonly #options: DriverOptions;
  readonly #workers;
  readonly #lock = pLimit(1);
  readonly #random;
  readonly #lost = new Set<string>();
  /** By how much the lock was held too long in all, for want of a timer in time. */
  #lockLateMs = 0;
  /** Milliseconds that a bind-delay fault adds to each association that begins. */
  extraMs = 0;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#workers = pLimit(options.settings.workers);
    this.#random = xoroshiro128plus(options.settings.seed);
    for (const folder of [options.files.associations, options.files.lost]) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
    }
  }

  get devices(): string[] {
    const { node, settings } = this.#options;
    return Array.from({ length: settings.gpus }, (_, index) => deviceId(node, index));
  }

  isLost(device: string): boolean {
    return this.#lost.has(device);
  }

  /** Resolves once the association of this device with this allocation stands. */
  async associate(allocation: string, device: string): Promise<void> {
    const { clock, files, ledger, settings } = this.#options;
    const queuedAt = clock.mono();
    await this.#workers(async () => {
      const injectedMs = this.extraMs;
      const [least, most] = settings.latencyMs;
      const drawnMs = least + (most - least) * uniformFloat64(this.#random);
      const latencyMs = drawnMs + injectedMs;
      const lockedMs = Math.min(settings.lockMs, latencyMs);
      const lateBefore = this.#lockLateMs;
      let queueLateMs = 0;
      const startedAt = await this.#lock(async () => {
        const held = clock.mono();
        queueLateMs = this.#lockLateMs - lateBefore;
        await clock.sleep(lockedMs);
        this.#lockLateMs += clock.mono() - held - lockedMs;
        return held;
      });
      await clock.sleep(latencyMs - lockedMs);
      const serviceMs = clock.mono() - startedAt;
      const queuedMs = startedAt - queuedAt;
      const file = join(files.associations, `${device}.${allocation}`);
      writeFileSync(file, '');
      if (settings.defect === 'dropped-association')
        void clock.sleep(DROPPED_AFTER_MS).then(() => rmSync(file, { force: true }));
      ledger.write({
        type: 'driver.associated',
        allocation,
        device,
        queuedMs,
        serviceMs,
        injectedMs,
        drawnMs,
        lateMs: serviceMs - latencyMs + Math.min(queueLateMs, queuedMs),
      });
    });
  }

  /** Ends every association of a device except with the allocations named. */
  release(device: string, keep: ReadonlySet<string>): void {
    const { files } = this.#options;
    for (const file of readdirSync(files.associations)) {
      if (file.startsWith(`${device}.`) && !keep.has(file.slice(device.length + 1))) {
        rmSync(join(files.associations, file), { force: true });
      }
    }
  }

  /** Sets which devices are lost, by index; returns whether anything changed. */
  lose(indices: readonly number[]): boolean {
    const { files, ledger } = this.#options;
    let changed = false;
    this.devices.forEach((device, index) => {
      const lost = indices.includes(index);
      if (lost === this.#lost.has(device)) return;
      changed = true;
      const file = join(files.lost, device);
      if (lost) {
        this.#lost.add(device);
        writeFileSync(file, '');
      } else {
        this.#lost.delete(device);
        rmSync(file, { force: true });
      }
      ledger.write({ type: lost ? 'driver.lost' : 'driver.restored', device });
    });
    return changed;
  }
}
