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
  /** The container runtime is told of the devices, and knows them when it applies its rules anew; so unless told. */
  declared?: boolean;
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
  /** Associations that a running container had and has no more, `<uuid>.<allocation>`. */
  readonly #revoked: string[] = [];
  /** By how much the lock was held too long in all, for want of a timer in time. */
  #lockLateMs = 0;
  /** Milliseconds that a bind-delay fault adds to each association that begins. */
  extraMs = 0;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#workers = pLimit(options.settings.workers);
    this.#random = xoroshiro128plus(options.settings.seed);
    this.clear();
  }

  /** As at its start: no device is lost, and none is with anybody. */
  clear(): void {
    const { associations, lost, workless } = this.#options.files;
    this.#lost.clear();
    this.#revoked.length = 0;
    for (const folder of [associations, lost, workless]) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
    }
  }

  get devices(): string[] {
    const { node, settings } = this.#options;
    return Array.from({ length: settings.gpus }, (_, index) => deviceId(node, index));
  }

  /** Whatever is lost, does no work, or was revoked and not given back: what containers cannot use though it is there. */
  get impaired(): string[] {
    const { lost, workless } = this.#options.files;
    return [...readdirSync(lost), ...readdirSync(workless), ...this.#revoked];
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

  /**
   * The container runtime applies its device rules anew, as on a systemd `daemon-reload`: containers that run keep what it
   * was told of, and no more. Returns how many associations stood, and how many of them are gone by it.
   */
  reloadRuntime(): { associations: number; revoked: number } {
    const { declared = true, files, ledger } = this.#options;
    const standing = readdirSync(files.associations);
    const revoked = declared ? [] : standing;
    for (const file of revoked) rmSync(join(files.associations, file), { force: true });
    this.#revoked.push(...revoked);
    ledger.write({ type: 'driver.reloaded', associations: standing.length, revoked });
    return { associations: standing.length, revoked: revoked.length };
  }

  /** Gives back what was revoked. */
  restoreRevoked(): void {
    const { files, ledger } = this.#options;
    const restored = this.#revoked.splice(0);
    for (const file of restored) writeFileSync(join(files.associations, file), '');
    ledger.write({ type: 'driver.reassociated', restored });
  }

  /** Sets which devices do no work, by index; they are listed all the same. */
  idle(indices: readonly number[]): void {
    const { files, ledger } = this.#options;
    this.devices.forEach((device, index) => {
      const file = join(files.workless, device);
      if (indices.includes(index)) writeFileSync(file, '');
      else rmSync(file, { force: true });
    });
    ledger.write({ type: 'driver.workless', devices: this.devices.filter((_, at) => indices.includes(at)) });
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
