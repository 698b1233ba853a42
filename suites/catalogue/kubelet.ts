import { statSync } from 'node:fs';
import { PodResourcesReader } from '../../clusters/kubelet-api/pod-resources.ts';
import { messageOf } from '../../harness/errors/error.ts';
import type { Note } from './events.ts';

const ASK_MS = 5_000;

interface StagedKubeletOptions {
  /** Of PodResources, as a path here. */
  socket: string;
  /** The scenario's. */
  resource: string;
  /** What the names of the scenario's pods begin with. */
  prefix: string;
  note: Note;
}

/** What a scenario sees of its node's kubelet. */
export class StagedKubelet {
  readonly #options: StagedKubeletOptions;

  constructor(options: StagedKubeletOptions) {
    this.#options = options;
  }

  /** Notes which process it is, by the socket that each makes at its start, and whether it answers there. */
  async look(): Promise<{ answers: boolean }> {
    const { note, socket } = this.#options;
    const made = statSync(socket, { throwIfNoEntry: false });
    const answers = await this.#ask((reader) => reader.allocatable()).then(
      () => true,
      () => false,
    );
    const process = made && `${made.ino}@${made.mtimeMs}`;
    note('kubelet.looked', { ...(process !== undefined && { process }), answers });
    return { answers };
  }

  /** Notes which pods it lists with devices of the scenario's resource. */
  async list(): Promise<void> {
    const { note, prefix, resource } = this.#options;
    try {
      const listed = (await this.#ask((reader) => reader.list())).filter(({ containers }) =>
        containers.some(({ devices }) => devices.some(({ resource_name }) => resource_name === resource)),
      );
      note('podresources.listed', {
        pods: listed.map(({ name }) => (name.startsWith(prefix) ? name.slice(prefix.length) : name)),
      });
    } catch (error) {
      note('podresources.unlisted', { reason: messageOf(error) });
    }
  }

  /** One reader a question: a kubelet that restarts has another socket. */
  async #ask<Answer>(question: (reader: PodResourcesReader) => Promise<Answer>): Promise<Answer> {
    const reader = new PodResourcesReader(this.#options.socket, ASK_MS);
    try {
      return await question(reader);
    } finally {
      reader.close();
    }
  }
}
