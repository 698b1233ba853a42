import { join } from 'node:path';
import type { Clock } from '../../../harness/clock/clock.ts';
import { messageOf } from '../../../harness/errors/error.ts';
import type { Kube } from '../../../harness/kube/client.ts';
import { ignoring } from '../../container-nodes/gpu-nodes.ts';
import type { Given } from '../../kubelet-api/checkpoint.ts';
import type { Discovered } from '../../plugin-proxy/discover.ts';
import type { Looked, Renewed } from '../../plugin-proxy/protocol.ts';
import type { ProxyCommands, ProxySite, Wanted } from '../../plugin-proxy/site.ts';
import { dismissAttendant, sendAttendant } from './attended.ts';
import type { Place } from './place.ts';
import type { Talk } from './talk.ts';

/** What healing needs of this program when this process is gone. */
const ELSEWHERE = join(import.meta.dirname, 'elsewhere.mjs');

/** The kubelet and the plugin are asked for their lists, each within some seconds. */
const FOUND_MS = 60_000;
const STANDING_MS = 45_000;
const RENEW_MS = 5_000;
/** Renewals in a lease: a busy API server may miss all but one. */
const RENEWALS = 6;

interface SiteOptions {
  place: Place;
  kube: Kube;
  clock: Clock;
  signal: AbortSignal;
}

/**
 * A node that is someone's, by a pod on it that attends to the proxy and is its dead-man: it is made when it is first asked
 * for, and serves one fault after the other.
 */
export class PodSite implements ProxySite {
  readonly #options: SiteOptions;
  readonly #ending = new AbortController();
  #talk: Talk | undefined;
  #renewing: Promise<void> | undefined;
  #renewMs = RENEW_MS;
  /** Lines that were read. */
  #read = 0;

  constructor(options: SiteOptions) {
    this.#options = options;
  }

  async vendorOf(plugin?: string): Promise<Discovered> {
    const talk = await this.#attendant();
    return await talk.ask<Discovered>({ do: 'find', ...(plugin !== undefined && { plugin }) }, FOUND_MS);
  }

  async start({ deadlineWall, injection, leaseMs, vendor }: Wanted, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const talk = await this.#attendant();
    const endMs = Math.max(0, deadlineWall - this.#options.clock.wall());
    this.#read = (await talk.ask<string[]>({ do: 'lines', from: 0 })).length;
    this.#renewMs = Math.min(RENEW_MS, leaseMs / RENEWALS);
    await talk.ask({ do: 'start', vendor, injection, leaseMs, endMs }, STANDING_MS);
  }

  async lines(): Promise<string[]> {
    const lines = (await this.#talk?.ask<string[]>({ do: 'lines', from: this.#read })) ?? [];
    this.#read += lines.length;
    return lines;
  }

  async fronted(): Promise<boolean> {
    return (await this.#talk?.ask<Looked>({ do: 'look' }))?.fronted ?? false;
  }

  async given(): Promise<Given[]> {
    return (await this.#talk?.ask<Given[]>({ do: 'given' })) ?? [];
  }

  async vanished(): Promise<boolean> {
    const { kube, place } = this.#options;
    return (await ignoring(404, kube.core.readNode({ name: place.node }))) === undefined;
  }

  /** They go with the pod. */
  async removeFiles(): Promise<void> {}

  commands(vendor: string): ProxyCommands {
    const { node, context, resource } = this.#options.place;
    const argv = (command: string) => [
      ...[process.execPath, ELSEWHERE, command],
      ...[JSON.stringify(this.#options.place), vendor],
    ];
    const mark = `in front of ${resource}`;
    return {
      what: `a proxy ${mark}, on node ${node} of context ${context}`,
      elsewhere: true,
      look: argv('look'),
      mark,
      giveBack: argv('give-back'),
      // The pod ends by itself, and goes with what the run has made.
      lookForAll: argv('look'),
      sweep: argv('give-back'),
    };
  }

  /** Ends its pod, and waits until nothing of it is left. Safe to repeat, and where there is none. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#renewing;
    await this.#dismiss();
  }

  /** The one that is there, unless it has given up on this run. */
  async #attendant(): Promise<Talk> {
    const { clock, kube, place, signal } = this.#options;
    if (this.#talk && (await lapseOf(this.#talk)) === undefined) return this.#talk;
    await this.#dismiss();
    this.#talk = await sendAttendant(place, { clock, kube, signal });
    this.#read = 0;
    this.#renewing ??= this.#renew();
    return this.#talk;
  }

  async #dismiss(): Promise<void> {
    const { clock, kube, place } = this.#options;
    this.#talk?.close();
    this.#talk = undefined;
    await dismissAttendant(place, { clock, kube });
  }

  async #renew(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await clock.sleep(this.#renewMs, signal).catch(() => undefined);
      // The next one may get through; if none does, the pod gives back what it holds.
      if (!signal.aborted) await this.#talk?.ask({ do: 'renew' }).catch(() => undefined);
    }
  }
}

/** Why it is of no more use; undefined where it is. */
async function lapseOf(talk: Talk): Promise<string | undefined> {
  try {
    return (await talk.ask<Renewed>({ do: 'renew' })).lapsed;
  } catch (error) {
    return messageOf(error);
  }
}
