import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Clock } from '../../../harness/clock/clock.ts';
import { freePort } from '../../../harness/exec/free-port.ts';
import { type Started, startProcess } from '../../embedded/process.ts';
import { programFile } from '../../programs/file.ts';
import type { CloudServices } from '../port.ts';
import { Link } from './ends/link.ts';
import { type LabReady, type LabSettings, labFiles, RelayReady, type RelaySettings } from './settings.ts';
import { LOOPBACK } from './wire/udp.ts';

const READY_MS = 30_000;
const END_MS = 2_000;

/** The ends of all links, and the process of the relays between them. */
export class Lab {
  readonly #settings: LabSettings;
  readonly #clock: Clock;
  readonly links = new Map<string, Link>();
  #relay: Started | undefined;

  constructor(settings: LabSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  get relayEnded(): Promise<string> {
    return (this.#relay as Started).ended;
  }

  async up(): Promise<LabReady> {
    const { keepaliveSeconds, nodes, offload, seed, stallMs } = this.#settings;
    const services = await freeServices();
    for (const [index, node] of nodes.entries()) {
      const link = await Link.bind({
        services,
        stallMs,
        offload,
        keepaliveMs: keepaliveSeconds * 1_000,
        // Not the relay's numbers.
        random: xoroshiro128plus(~(seed + index)),
        clock: this.#clock,
      });
      this.links.set(node, link);
    }
    const ports = await this.#startRelay();
    const links: LabReady['links'] = [];
    for (const [index, [node, link]] of [...this.links].entries())
      links.push({ node, ...(await link.up(ports[index] as number)) });
    return { relayPid: (this.#relay as Started).pid, cloud: services, links };
  }

  async close(): Promise<void> {
    for (const link of this.links.values()) link.close();
    await this.#relay?.end(END_MS);
  }

  async #startRelay(): Promise<number[]> {
    const { folder, seed } = this.#settings;
    const files = labFiles(folder);
    const settings: RelaySettings = {
      seed,
      links: [...this.links].map(([node, { cloudPort }]) => ({
        cloudPort,
        impairments: files.impairments(node),
        state: files.relayState(node),
      })),
    };
    for (const { state } of settings.links) await mkdir(dirname(state), { recursive: true });
    await writeFile(files.relaySettings, JSON.stringify(settings));
    this.#relay = await startProcess({
      what: 'the relay of the edge network',
      argv: [await programFile('edge-relay', folder), '--config', files.relaySettings],
      log: files.relayLog,
      deadlineMs: READY_MS,
    });
    return RelayReady.parse(this.#relay.said).ports;
  }
}

/** Ports for the cloud's servers, which come later. */
async function freeServices(): Promise<CloudServices> {
  const at = async () => ({ host: LOOPBACK, port: await freePort() });
  return { mqtt: await at(), echo: await at(), hostEcho: await at() };
}
