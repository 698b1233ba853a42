import type { ContainerSpec, ProbeKind } from '../pod.ts';
import { PROBES } from '../probe-defaults.ts';
import type { Container } from './container.ts';
import { execIn } from './container-exec.ts';
import { expand } from './environment.ts';
import type { ContainerRecord, PodRecord } from './pod-status.ts';
import type { WorkerHost } from './pod-worker.ts';
import { attemptProbe } from './probe-attempt.ts';
import type { ProbeState } from './probe-state.ts';
import { Prober } from './prober.ts';

/** A kubelet notices a start when it lists its containers anew, every second: this is the mean. */
const NOTICED_MS = 500;

export interface ProbesOwner {
  /** The containers' `started` or `ready` changed. */
  changed(): void;
  /** A container failed its liveness or startup probe. */
  unwell(record: ContainerRecord, kind: ProbeKind, container: Container): void;
}

/** All probes of one pod. */
export class PodProbes {
  readonly #probers: Prober[];
  readonly #host: WorkerHost;
  readonly #owner: ProbesOwner;
  readonly #over = new AbortController();

  constructor({ pod, main }: PodRecord, host: WorkerHost, owner: ProbesOwner) {
    this.#host = host;
    this.#owner = owner;
    const { clock, event, podIp, shims } = host;
    this.#probers = main.flatMap((record) =>
      PROBES.filter((kind) => record.spec[kind]).map(
        (kind) =>
          new Prober(kind, record, {
            clock,
            signal: this.#over.signal,
            attempt: (probe, container) =>
              attemptProbe(probe, {
                clock,
                address: podIp,
                ports: record.spec.ports,
                exec: (command, signal) =>
                  execIn(container, expanded(command, record.spec), shims, process.env.PATH, signal),
              }),
            unhealthy: (message) => event(pod, 'Warning', 'Unhealthy', message),
            verdict: (container, verdict) => this.#judge(record, kind, container, verdict),
          }),
      ),
    );
  }

  start(): void {
    for (const prober of this.#probers) void prober.run();
  }

  stop(): void {
    this.#over.abort();
  }

  /** A container was started, or its startup probe succeeded: whether it is ready is asked before the next tick. */
  noticed(record: ContainerRecord): void {
    const prober = this.#probers.find((one) => one.record === record && one.kind === 'readinessProbe');
    if (!prober) return;
    void this.#host.clock.sleep(NOTICED_MS, this.#over.signal).then(
      () => prober.nudge(),
      () => undefined,
    );
  }

  #judge(
    record: ContainerRecord,
    kind: ProbeKind,
    container: Container,
    verdict: ProbeState['verdict'],
  ): void {
    if (kind !== 'readinessProbe' && verdict === 'failure') this.#owner.unwell(record, kind, container);
    if (kind === 'readinessProbe') record.ready = verdict === 'success';
    if (kind === 'startupProbe' && verdict === 'success') {
      record.started = true;
      this.noticed(record);
    }
    this.#owner.changed();
  }
}

/** `$(NAME)` replaced, by those variables of the container alone whose value its spec says outright. */
function expanded(command: readonly string[], { env = [] }: ContainerSpec): string[] {
  const known = Object.fromEntries(env.flatMap(({ name, value }) => (value ? [[name, value]] : [])));
  return command.map((word) => expand(word, known));
}
