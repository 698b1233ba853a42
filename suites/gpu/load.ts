import type { V1Job } from '@kubernetes/client-node';
import type { Cluster } from '../../clusters/port.ts';
import { jobBurst } from '../../faults/load/job-burst.ts';
import type { FaultKeeper } from '../../faults/wrapper.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { burst, burstOrThrow } from '../../harness/kube/burst.ts';
import type { SuiteContext } from '../../harness/run/ports.ts';
import { ignore } from '../namespace.ts';
import { readQuota, workersOf } from './ground.ts';
import { listedPods } from './ledgers.ts';
import type { Observer } from './observe.ts';
import type { GpuSettings, Remedies } from './settings.ts';
import { bystanderJob, type Framework, trainingJob } from './workload/jobs.ts';

const POLL_MS = 100;
/** Waves that CPU-only pods come with: enough to see what they wait, without a tenth of every burst being theirs. */
const ACCOMPANIED_WAVES = 3;
/** Of containers that hold their GPUs for minutes, each look being two processes. */
const STANDING_LOOK_MS = 1_000;
/** Pods may wait for a controller manager and a scheduler that have just started anew to be their own leaders. */
const STANDING_DEADLINE_MS = 180_000;

/** A Job whose pods hold their GPUs. */
export interface Standing {
  /** Waits until all its pods run and PodResources has listed each. @throws OrdealError WAIT_DEADLINE (exit 4) */
  settled(): Promise<void>;
  /** Ends it, its pods heard to their end. */
  end(): Promise<void>;
}

/** What a wave's Jobs are besides the settings. */
interface Shape {
  nodes?: readonly string[];
  replicas?: number;
  /** How long its containers look at their GPUs, and how often, where not as long and as often as the settings say. */
  looks?: Pick<GpuSettings, 'hold' | 'probeInterval'>;
  evictable?: boolean;
}

/** Where a wave stands among others. */
interface Place {
  number?: number;
  of?: number;
  /** Without CPU-only pods beside it, which one group's waves have. */
  alone?: boolean;
}

/** Training Jobs in waves: so many at once, with CPU-only pods beside them, each wave seen to its end. */
export class Load {
  readonly #context: SuiteContext<Cluster>;
  readonly #observer: Observer;
  readonly #namespace: string;
  readonly #settings: GpuSettings;
  readonly #remedies: Remedies;
  #jobs = 0;

  constructor(
    context: SuiteContext<Cluster>,
    observer: Observer,
    namespace: string,
    settings: GpuSettings,
    remedies: Remedies,
  ) {
    this.#context = context;
    this.#observer = observer;
    this.#namespace = namespace;
    this.#settings = settings;
    this.#remedies = remedies;
  }

  /**
   * Waves until the starts wanted are reached: the first, to all groups at once, as the fault `load/job-burst`, the rest,
   * one a group at the least, within `during`. A group's next wave follows its last, whatever the other groups do.
   */
  async burst(
    keeper: FaultKeeper,
    id: string,
    during: (rest: () => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const { jobsAtOnce, replicas, starts } = this.#settings;
    if (starts === 0) return;
    const groups = this.#groups();
    const waves = Math.max(2, Math.ceil(starts / (groups.length * jobsAtOnce * replicas)));
    const jobs = [
      ...groups.flatMap((shape) => this.#make('burst', jobsAtOnce, shape)),
      ...this.#bystanders('burst', 1),
    ];
    const fault = jobBurst(id, this.#namespace, this.#context.cluster.name, jobs);
    const { clock, signal } = this.#context;
    this.#note(jobs, 'burst');
    await keeper.hold(fault, async () => {
      const began = clock.mono();
      await this.#seeThrough(jobs, 'burst', 1, waves);
      const share = (clock.mono() - began) / groups.length;
      await during(async () => {
        // One that fails leaves none of the others at work behind the fault's back.
        await burstOrThrow(
          [...groups.entries()],
          async ([index, shape]) => {
            // In step they would all start at once and all wait at once.
            await clock.sleep(index * share, signal);
            for (let number = 2; number <= waves; number++)
              await this.wave('burst', jobsAtOnce, shape, { number, of: waves, alone: index > 0 });
          },
          groups.length,
        );
      });
    });
  }

  /** The nodes that each group's Jobs may come to: with one group, any. */
  #groups(): { nodes?: string[] }[] {
    const names = workersOf(this.#context.cluster).map(({ name }) => name);
    const groups = Math.min(this.#settings.groups, names.length);
    if (groups <= 1) return [{}];
    return Array.from({ length: groups }, (_, group) => ({
      nodes: names.filter((_, index) => index % groups === group),
    }));
  }

  /** One wave, created, seen to its end and deleted; the UIDs of its pods. */
  async wave(
    phase: string,
    count: number,
    shape: Shape = {},
    { alone = false, number = 1, of = 1 }: Place = {},
  ): Promise<Set<string>> {
    const jobs = [...this.#make(phase, count, shape), ...(alone ? [] : this.#bystanders(phase, number))];
    this.#note(jobs, phase);
    const { batch } = this.#context.cluster.kube;
    await burstOrThrow(jobs, (body) => batch.createNamespacedJob({ namespace: this.#namespace, body }));
    return await this.#seeThrough(jobs, phase, number, of);
  }

  /** Waits until no pod of ours is left. */
  async settle(): Promise<void> {
    const { clock, cluster, signal } = this.#context;
    const until = clock.mono() + this.#settings.startDeadline;
    while (clock.mono() < until) {
      const { items } = await cluster.kube.core.listNamespacedPod({ namespace: this.#namespace });
      if (items.length === 0) return;
      await clock.sleep(POLL_MS, signal);
    }
  }

  /** A Job whose pods hold their GPUs until it is ended, and are made anew where they are evicted. */
  async stand(phase: string, replicas: number, hold: number): Promise<Standing> {
    const { clock, cluster, recorder, signal } = this.#context;
    const shape = { replicas, evictable: true, looks: { hold, probeInterval: STANDING_LOOK_MS } };
    const jobs = this.#make(phase, 1, shape);
    const name = jobs[0]?.metadata?.name as string;
    this.#note(jobs, phase);
    await burstOrThrow(jobs, (body) =>
      cluster.kube.batch.createNamespacedJob({ namespace: this.#namespace, body }),
    );
    recorder.record('suite/gpu', 'standing.began', { job: name });
    const running = () =>
      this.#observer
        .podsOf(new Set([name]))
        .filter(({ deleting, gone, phase: state }) => !gone && !deleting && state === 'Running');
    let listed = 0;
    return {
      async settled() {
        await waitFor(
          () => {
            // A pod that no ledger has seen cannot be judged by what it was given.
            const names = listedPods(recorder.events);
            listed = running().filter((pod) => names.has(pod.name)).length;
            return listed === replicas;
          },
          {
            what: `${replicas} pods of Job ${name} to run with their GPUs`,
            deadlineMs: STANDING_DEADLINE_MS,
            intervalMs: POLL_MS,
            seen: () => `${running().length} run, PodResources lists ${listed} of them`,
            clock,
            signal,
          },
        );
      },
      end: async () => {
        recorder.record('suite/gpu', 'standing.ended', { job: name });
        await cluster.kube.batch
          .deleteNamespacedJob({ namespace: this.#namespace, name, propagationPolicy: 'Background' })
          .catch(ignore(404));
        await this.settle();
        await this.#observer.logsRead();
      },
    };
  }

  #make(phase: string, count: number, shape: Shape): V1Job[] {
    const { framework } = this.#settings;
    const { cluster } = this.#context;
    const { looks, ...more } = shape;
    const frameworks: Framework[] = framework === 'both' ? ['pytorch', 'tensorflow'] : [framework];
    return Array.from({ length: count }, () => {
      this.#jobs += 1;
      return trainingJob({
        name: `${phase}-${this.#jobs}`,
        namespace: this.#namespace,
        image: this.#settings.image ?? cluster.workloadImage,
        framework: frameworks[this.#jobs % frameworks.length] as Framework,
        settings: { ...this.#settings, ...looks },
        remedies: this.#remedies,
        ...more,
      });
    });
  }

  #bystanders(phase: string, wave: number): V1Job[] {
    if (phase !== 'burst' || wave > ACCOMPANIED_WAVES) return [];
    const { cluster } = this.#context;
    const count = Math.min(workersOf(cluster).length, 4);
    return [bystanderJob(`bystanders-${this.#jobs}`, this.#namespace, cluster.workloadImage, count)];
  }

  #note(jobs: readonly V1Job[], phase: string): void {
    const { clock, recorder } = this.#context;
    for (const { metadata, spec } of jobs) {
      recorder.record('suite/gpu', 'job.created', {
        job: metadata?.name,
        at: clock.wall(),
        replicas: spec?.completions ?? 0,
        phase,
      });
    }
  }

  /** Until every pod of the wave is over and its log is read, or its time is; then the Jobs go. */
  async #seeThrough(jobs: readonly V1Job[], phase: string, number: number, of: number): Promise<Set<string>> {
    const { clock, cluster, progress, signal } = this.#context;
    const names = new Set(jobs.map(({ metadata }) => metadata?.name as string));
    const wanted = jobs.reduce((sum, { spec }) => sum + (spec?.completions ?? 0), 0);
    const until = clock.mono() + this.#settings.startDeadline + this.#settings.hold;
    const done = () => this.#observer.podsOf(names).filter((pod) => pod.phase === 'Succeeded').length;
    while (clock.mono() < until) {
      await this.#noteQuota();
      if (done() >= wanted || (await this.#gaveUp(names))) break;
      await this.#observer.until(() => done() >= wanted, POLL_MS, signal);
    }
    await this.#observer.logsRead();
    progress(`gpu: ${phase}${of > 1 ? ` wave ${number} of ${of}` : ''}: ${done()} of ${wanted} pods done`);
    await burst([...names], async (name) => {
      await cluster.kube.batch
        .deleteNamespacedJob({ namespace: this.#namespace, name, propagationPolicy: 'Background' })
        .catch(ignore(404));
    });
    return new Set(this.#observer.podsOf(names).map(({ uid }) => uid));
  }

  async #noteQuota(): Promise<void> {
    if (this.#remedies.quota === false) return;
    const quota = await readQuota(this.#context.cluster.kube, this.#namespace);
    if (quota)
      this.#context.recorder.record('suite/gpu', 'quota.seen', { namespace: this.#namespace, ...quota });
  }

  /** Whether a Job has failed for good while none of the wave's pods runs any more. */
  async #gaveUp(names: ReadonlySet<string>): Promise<boolean> {
    const pods = this.#observer.podsOf(names);
    if (
      !pods.some(({ phase }) => phase === 'Failed') ||
      pods.some(({ phase, gone }) => !gone && phase !== 'Failed' && phase !== 'Succeeded')
    )
      return false;
    const { items } = await this.#context.cluster.kube.batch.listNamespacedJob({
      namespace: this.#namespace,
    });
    const ours = items.filter(({ metadata }) => names.has(metadata?.name ?? ''));
    return ours.every(({ status }) =>
      status?.conditions?.some(
        ({ type, status: value }) => value === 'True' && (type === 'Failed' || type === 'Complete'),
      ),
    );
  }
}
