import type { Clock } from '../../harness/clock/clock.ts';
import { messageOf } from '../../harness/errors/error.ts';
import type { ContainerDevices } from '../kubelet-api/messages.ts';
import type { PodResourcesReader } from '../kubelet-api/pod-resources.ts';
import type { LedgerWriter } from './ledger-writer.ts';

/** After so long without an answer nothing is known. */
export const PODRESOURCES_MS = 5_000;

export interface PodResourcesLogOptions {
  reader: PodResourcesReader;
  /** Whether an entry is one of those to be written down. */
  ours: (devices: ContainerDevices) => boolean;
  ledger: LedgerWriter;
  clock: Clock;
}

/** Writes down what a kubelet's PodResources says, each time that it has changed. */
export class PodResourcesLog {
  readonly #options: PodResourcesLogOptions;
  #last = '[]';

  constructor(options: PodResourcesLogOptions) {
    this.#options = options;
  }

  /** Whether nothing was allocated at the last look. */
  get empty(): boolean {
    return this.#last === '[]';
  }

  async look(): Promise<void> {
    const { clock, ledger, ours, reader } = this.#options;
    const requestedAt = clock.wall();
    try {
      const pods = (await reader.list()).flatMap((pod) =>
        pod.containers.flatMap((container) => {
          const devices = container.devices
            .filter(ours)
            .flatMap(({ device_ids }) => device_ids)
            .sort();
          if (devices.length === 0) return [];
          return [{ namespace: pod.namespace, pod: pod.name, container: container.name, devices }];
        }),
      );
      const text = JSON.stringify(pods);
      if (text === this.#last) return;
      this.#last = text;
      ledger.write({ type: 'podresources', requestedAt, pods });
    } catch (error) {
      ledger.write({ type: 'podresources.failed', reason: messageOf(error) });
    }
  }
}
