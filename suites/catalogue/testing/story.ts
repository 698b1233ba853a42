import { WrittenHistory } from '../../testing/written.ts';
import type { CatalogueEvents, PodLook } from '../events.ts';
import { faultIdOf } from '../scenario.ts';

/** When the fault of a written scenario came and went, in ms. */
export const HELD = { injected: 1_000, bit: 1_200, healing: 6_000, healed: 6_500 };

/** One row's history, written by hand. */
export class Story extends WrittenHistory {
  readonly #scenario: string;

  /** It has started, its fault has come, bitten and gone, and it has ended; what was seen meanwhile is to be added. */
  static of(scenario: string, kubernetes = '1.34.4 (embedded)'): Story {
    const story = new Story(scenario);
    const fault = faultIdOf(scenario);
    const cluster = { name: 'c', provider: 'embedded', evidence: 'modelled', nodes: ['w1'] };
    story.add('harness', 'cluster.up', { ...cluster, versions: { kubernetes } }, 0);
    story.note('scenario.started', { node: 'w1', resource: 'r', devices: 4 }, 10);
    const named = { fault, kind: 'k', target: 't', mechanism: 'm' };
    story.add('fault/k', 'fault.injected', { ...named, detail: null }, HELD.injected);
    story.add('fault/k', 'fault.bit', { fault, bit: true, evidence: 'e' }, HELD.bit);
    story.add('fault/k', 'fault.healing', { fault }, HELD.healing);
    story.add('fault/k', 'fault.healed', { fault, healed: true, evidence: 'e' }, HELD.healed);
    story.note('scenario.ended', {}, 60_000);
    return story;
  }

  private constructor(scenario: string) {
    super();
    this.#scenario = scenario;
  }

  note<Type extends keyof CatalogueEvents>(
    type: Type,
    body: Omit<CatalogueEvents[Type], 'scenario'>,
    mono: number,
  ): this {
    return this.add('suite/catalogue', type, { scenario: this.#scenario, ...body }, mono);
  }

  /** Looks every 200 ms that show so many. */
  allocatable(from: number, to: number, allocatable: number, openStreams = allocatable > 0 ? 1 : 0): this {
    for (let mono = from; mono <= to; mono += 200)
      this.note('allocatable.seen', { allocatable, openStreams }, mono);
    return this;
  }

  /** A look at a pod that runs, unless told otherwise. */
  look(pod: string, mono: number, more: Partial<PodLook> = {}): this {
    const body = { uid: `uid-${pod}`, containerId: `c-${pod}`, reason: '', message: '', restarts: 0 };
    return this.note('pod.looked', { pod, ...body, phase: 'Running', running: true, ...more }, mono);
  }
}
