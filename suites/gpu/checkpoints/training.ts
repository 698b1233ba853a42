import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import type { Cluster } from '../../../clusters/port.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { messageOf, OrdealError } from '../../../harness/errors/error.ts';
import { followLog, type LogFollower } from '../../../harness/kube/follow-log.ts';
import { watchResource } from '../../../harness/kube/watch.ts';
import type { SuiteContext } from '../../../harness/run/ports.ts';
import { ignore } from '../../namespace.ts';
import { Programs } from '../../programs.ts';
import type { GpuSettings, Remedies } from '../settings.ts';
import { MAIN } from '../workload/jobs.ts';
import type { TrainerOptions } from '../workload/trainer/options.ts';
import { keyOf } from './checkpoint.ts';
import type { CheckpointEvents, TrainerPod } from './events.ts';
import { checkpointJob, KEY_NAMES, KEYS_SECRET, TRAINER, TRAINING } from './job.ts';
import { type Line, readLine } from './ledger.ts';
import { openStore } from './open-store.ts';
import type { OpenStore } from './own-store.ts';
import { readBack } from './read-back.ts';
import type { Checkpoints } from './settings.ts';
import { CheckpointStore } from './store.ts';

/** Checkpoints of an attempt that have to be acknowledged before it is interrupted, and after it went on. */
const ACKNOWLEDGED = 2;
const LOOK_MS = 50;
/** A pod has a second of grace, and a node its own time. */
const GONE_MS = 20_000;
/** Objects read back at once. */
const READS = 8;

/** A Job whose pods write checkpoints to an S3 store, interrupted, and seen to go on. */
export class Training {
  readonly #context: SuiteContext<Cluster>;
  readonly #namespace: string;
  readonly #settings: GpuSettings;
  readonly #remedies: Remedies;
  readonly #wanted: Checkpoints;
  readonly #pods = new Map<string, TrainerPod>();
  readonly #logs = new Map<string, LogFollower>();
  readonly #heard = new Set<string>();
  readonly #lines: Line[] = [];

  constructor(
    context: SuiteContext<Cluster>,
    namespace: string,
    settings: GpuSettings,
    remedies: Remedies,
    wanted: Checkpoints,
  ) {
    this.#context = context;
    this.#namespace = namespace;
    this.#settings = settings;
    this.#remedies = remedies;
    this.#wanted = wanted;
  }

  /** @param interrupt holds the fault, if there is one, for as long as the work that it is given takes */
  async run(interrupt: (work: () => Promise<void>) => Promise<void>): Promise<void> {
    const { progress, undo } = this.#context;
    const open = await openStore(this.#context, this.#wanted, process.env);
    if ('unavailable' in open) {
      this.#say('checkpoints.unavailable', { reason: open.unavailable });
      progress(`gpu: ${open.unavailable}`);
      return;
    }
    const { address, keys, kind } = open;
    this.#say('checkpoints.store', { kind, endpoint: address.endpoint, bucket: address.bucket });
    const store = new CheckpointStore(address, keys);
    undo.push('remove the checkpoints of this run', async () => {
      await this.#removeJob();
      await store.clear(this.#prefix);
    });
    const stopWatching = await this.#watch();
    await this.#start(open);
    try {
      if (!(await this.#untilAcknowledged(new Set()))) return;
      const before = new Set(this.#lines.map(({ attempt }) => attempt));
      await interrupt(async () => {
        await this.#untilAcknowledged(before);
      });
      await this.#readBack(store);
    } finally {
      await this.#end(stopWatching);
    }
    const saved = this.#acknowledged().length;
    progress(`gpu: checkpoints: ${saved} acknowledged by ${this.#pods.size} pods`);
  }

  /** Of the keys of this run: a bucket may hold others'. */
  get #prefix(): string {
    return `ordeal/${this.#context.runId}`;
  }

  #say<Type extends keyof CheckpointEvents>(type: Type, body: CheckpointEvents[Type], source = 'suite/gpu') {
    this.#context.recorder.record(source, type, body);
  }

  async #start({ address, keys }: OpenStore): Promise<void> {
    const { cluster, plan, workDir } = this.#context;
    const { core, batch } = cluster.kube;
    const { bytes, defect, every, step, steps, trainers } = this.#wanted;
    const [id, secret] = KEY_NAMES;
    await core.createNamespacedSecret({
      namespace: this.#namespace,
      body: {
        metadata: { name: KEYS_SECRET },
        stringData: { [id]: keys.accessKeyId, [secret]: keys.secretAccessKey },
      },
    });
    const options: TrainerOptions = {
      ...address,
      ...{ bytes, defect, every, steps, stepMs: step },
      prefix: this.#prefix,
      seed: plan.seed,
    };
    const command = await new Programs(cluster, join(workDir, 'programs')).inPod('gpu-trainer', options);
    const body = checkpointJob(
      {
        namespace: this.#namespace,
        image: cluster.workloadImage,
        settings: this.#settings,
        remedies: this.#remedies,
        replicas: trainers,
      },
      command,
    );
    await batch.createNamespacedJob({ namespace: this.#namespace, body });
  }

  async #watch(): Promise<() => Promise<void>> {
    const { clock, cluster, signal, undo } = this.#context;
    const watch = watchResource<V1Pod>({
      kube: cluster.kube,
      path: `/api/v1/namespaces/${this.#namespace}/pods`,
      query: { labelSelector: `${TRAINER}=true` },
      onEvent: (type, pod) => this.#onPod(pod, type === 'DELETED'),
      clock,
      signal,
    });
    const stop = async () => {
      await watch.stop();
      const logs = [...this.#logs.values()];
      this.#logs.clear();
      await Promise.all(logs.map((log) => log.stop()));
    };
    undo.push('stop watching trainers', stop);
    await watch.synced;
    return stop;
  }

  #onPod({ metadata, status }: V1Pod, gone: boolean): void {
    const { clock, cluster } = this.#context;
    const seen: TrainerPod = {
      uid: metadata?.uid ?? '',
      name: metadata?.name ?? '',
      phase: status?.phase ?? 'Pending',
      deleting: metadata?.deletionTimestamp !== undefined,
      gone,
    };
    if (JSON.stringify(this.#pods.get(seen.uid)) === JSON.stringify(seen)) return;
    this.#pods.set(seen.uid, seen);
    const source = `pod/${this.#namespace}/${seen.name}`;
    this.#say('trainer.pod', seen, source);
    if (seen.phase === 'Pending' || this.#logs.has(seen.uid)) return;
    const follower = followLog({
      kube: cluster.kube,
      namespace: this.#namespace,
      pod: seen.name,
      container: MAIN,
      onLine: (line) => this.#onLine(line, source),
      onTrouble: (what) => this.#say('trainer.log-trouble', { pod: seen.name, what }, source),
      clock,
    });
    this.#logs.set(seen.uid, follower);
  }

  #onLine(text: string, source: string): void {
    const line = readLine(text);
    if (!line) return;
    const { attempt, n, trainer, word } = line;
    // A log that was cut is read again from its beginning.
    if (this.#heard.has(`${attempt} ${n}`)) return;
    this.#heard.add(`${attempt} ${n}`);
    this.#lines.push(line);
    this.#say('trainer.said', { attempt, n, trainer, word }, source);
  }

  /** Whether every trainer has an attempt, of none of these pods, whose checkpoints were acknowledged; in the time of a start. */
  async #untilAcknowledged(before: ReadonlySet<string>): Promise<boolean> {
    const { clock, signal } = this.#context;
    const deadlineMs = this.#settings.startDeadline;
    const late = () => {
      const fresh = this.#lines.filter(({ attempt }) => !before.has(attempt));
      return Array.from({ length: this.#wanted.trainers }, (_, trainer) => trainer).filter((trainer) => {
        const saved = fresh.filter((line) => line.trainer === trainer && line.word.what === 'acknowledged');
        return saved.length < ACKNOWLEDGED;
      });
    };
    try {
      await waitFor(() => late().length === 0, {
        ...{ what: 'checkpoints of every trainer', deadlineMs, intervalMs: LOOK_MS, clock, signal },
      });
      return true;
    } catch (error) {
      if (!(error instanceof OrdealError) || error.code !== 'WAIT_DEADLINE') throw error;
    }
    const pods = [...this.#pods.values()].filter(({ gone, uid }) => !gone && !before.has(uid));
    const said = pods.map(({ name, phase }) => `${name} ${phase}`).join(', ') || 'no pod';
    for (const trainer of late()) this.#say('trainer.stalled', { trainer, waitedMs: deadlineMs, pods: said });
    return false;
  }

  #acknowledged(): string[] {
    return this.#lines.flatMap(({ word }) => (word.what === 'acknowledged' ? [word.key] : []));
  }

  /** Reads every checkpoint that was acknowledged or gone on from, not by a trainer's word. */
  async #readBack(store: CheckpointStore): Promise<void> {
    const { signal } = this.#context;
    const resumed = this.#lines.flatMap(({ trainer, word }) =>
      word.what === 'began' && word.from > 0 ? [keyOf(this.#prefix, trainer, word.from)] : [],
    );
    const keys = [...new Set([...this.#acknowledged(), ...resumed])];
    const readers = Array.from({ length: READS }, async () => {
      for (let key = keys.shift(); key !== undefined; key = keys.shift()) {
        signal.throwIfAborted();
        await this.#readOne(store, key);
      }
    });
    await Promise.all(readers);
  }

  async #readOne(store: CheckpointStore, key: string): Promise<void> {
    try {
      this.#say('checkpoint.read', await readBack(store, key));
    } catch (error) {
      this.#say('checkpoint.unreadable', { key, reason: messageOf(error) });
    }
  }

  async #end(stopWatching: () => Promise<void>): Promise<void> {
    await this.#removeJob();
    await stopWatching();
  }

  /** Deletes it, and gives its pods the time to go, so that none writes any more. Safe to repeat. */
  async #removeJob(): Promise<void> {
    const { clock, cluster } = this.#context;
    const { batch, core } = cluster.kube;
    const namespace = this.#namespace;
    await batch
      .deleteNamespacedJob({ namespace, name: TRAINING, propagationPolicy: 'Background' })
      .catch(ignore(404));
    const until = clock.mono() + GONE_MS;
    while (clock.mono() < until) {
      const { items } = await core.listNamespacedPod({ namespace, labelSelector: `${TRAINER}=true` });
      if (items.length === 0) return;
      await clock.sleep(LOOK_MS);
    }
  }
}
