import type { V1Pod } from '@kubernetes/client-node';
import type { Clock } from '../../harness/clock/clock.ts';
import type { Recorder } from '../../harness/history/event.ts';
import type { Kube } from '../../harness/kube/client.ts';
import { followLog, type LogFollower } from '../../harness/kube/follow-log.ts';
import { watchResource } from '../../harness/kube/watch.ts';
import type { PodSeen } from './events.ts';
import type { Intake } from './intake.ts';
import { COLLECTOR, PROBER } from './workload/deployment.ts';

/** Watches one namespace's pods into the history, and follows the ledgers in their logs. */
export class Observer {
  readonly #kube: Kube;
  readonly #namespace: string;
  readonly #recorder: Recorder;
  readonly #intake: Intake;
  readonly #clock: Clock;
  readonly #pods = new Map<string, PodSeen>();
  readonly #logs = new Map<string, LogFollower[]>();
  #watch: ReturnType<typeof watchResource<V1Pod>> | undefined;

  constructor(kube: Kube, namespace: string, recorder: Recorder, intake: Intake, clock: Clock) {
    this.#kube = kube;
    this.#namespace = namespace;
    this.#recorder = recorder;
    this.#intake = intake;
    this.#clock = clock;
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#watch = watchResource<V1Pod>({
      kube: this.#kube,
      path: `/api/v1/namespaces/${this.#namespace}/pods`,
      onEvent: (type, pod) => this.#onPod(pod, type === 'DELETED'),
      onTrouble: (what, missed) => this.#trouble(what, missed),
      clock: this.#clock,
      signal,
    });
    await this.#watch.synced;
  }

  /** Nodes on which a collector's pod is running and ready now. */
  ready(): Set<string> {
    const well = [...this.#pods.values()].filter(
      ({ gone, phase, ready }) => !gone && phase === 'Running' && ready,
    );
    return new Set(well.flatMap(({ node }) => node ?? []));
  }

  /** Reads what the logs hold by now, and ends. Safe to repeat. */
  async stop(): Promise<void> {
    const followers = [...this.#logs.values()].flat();
    this.#logs.clear();
    await Promise.all(followers.map((follower) => follower.stop()));
    await this.#watch?.stop();
  }

  #trouble(what: string, missed = false): void {
    this.#recorder.record('suite/edge', 'watch.trouble', { what, ...(missed && { missed }) });
  }

  #onPod(pod: V1Pod, gone: boolean): void {
    const seen = snapshot(pod, gone);
    const before = this.#pods.get(seen.uid);
    if (JSON.stringify(before) === JSON.stringify(seen)) return;
    this.#pods.set(seen.uid, seen);
    const source = `pod/${seen.namespace}/${seen.name}`;
    this.#recorder.record(source, 'collector.seen', seen);
    if (gone) {
      for (const follower of this.#logs.get(seen.uid) ?? []) void follower.stop();
      return;
    }
    if (seen.phase !== 'Running' || this.#logs.has(seen.uid)) return;
    const follow = (container: string) =>
      followLog({
        kube: this.#kube,
        namespace: seen.namespace,
        pod: seen.name,
        container,
        onLine: (line) => this.#intake.take(source, line),
        onTrouble: (what) => this.#trouble(what),
        clock: this.#clock,
      });
    this.#logs.set(seen.uid, [follow(COLLECTOR), follow(PROBER)]);
  }
}

/** What of a pod the suite judges by. */
function snapshot({ metadata = {}, spec, status }: V1Pod, gone: boolean): PodSeen {
  return {
    uid: metadata.uid ?? '',
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    node: spec?.nodeName ?? null,
    phase: status?.phase ?? 'Pending',
    ready:
      status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false,
    restarts: (status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0),
    gone,
  };
}
