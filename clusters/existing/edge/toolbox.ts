import { EXIT, OrdealError } from '../../../harness/errors/error.ts';
import { AgentClient } from '../../network/nodes/agent/client.ts';
import type { Hop } from '../../network/port.ts';
import type { Context } from '../kubeconfig.ts';
import { CONTAINER } from './pods.ts';

const STARTED_MS = 30_000;
const END_MS = 5_000;
/** Where the toolbox image has the harness's programs. */
const PROGRAMS = '/ordeal';

/**
 * Runs a command as a child of what the runtime was asked for: a runtime that kills that when its stream is cut leaves the
 * command to see the end of its input by itself, and a dead-man to heal.
 */
const APART = ['sh', '-c', 'exec 3<&0; "$@" <&3 3<&- & wait $!', 'ordeal-exec'];

interface ToolboxAt {
  /** Of the node. */
  name: string;
  context: Pick<Context, 'kubeconfig' | 'name'>;
  namespace: string;
  pod: string;
}

/** A pod of the run's own as a hop: a command that is short costs a process there, and nothing of the API server's. */
export class Toolbox {
  readonly #at: ToolboxAt;
  #agent: AgentClient | undefined;

  constructor(at: ToolboxAt) {
    this.#at = at;
  }

  get hop(): Hop {
    const enter = this.#enter();
    return {
      name: this.#at.name,
      enter,
      machine: enter,
      exec: (argv, options) => this.#agentNow().exec(argv, options),
      programs: { node: 'node', folder: PROGRAMS, scratch: '/tmp' },
    };
  }

  /** @throws OrdealError TOOLBOX_LOST (exit 4) where it takes no commands; the signal's reason when that aborts. */
  async start(signal: AbortSignal): Promise<void> {
    const agent = this.#agentNow();
    await agent.readyWithin(STARTED_MS, signal);
  }

  /** Ends what takes commands in it. Safe to repeat. */
  async end(): Promise<void> {
    await this.#agent?.end(END_MS);
  }

  /** Where the last one's stream was cut, a new one: what heals must not end with a connection. */
  #agentNow(): AgentClient {
    if (this.#agent && !this.#agent.isOver) return this.#agent;
    const argv = [...this.#enter(), 'node', `${PROGRAMS}/keeper.mjs`];
    this.#agent = new AgentClient(argv, (seen) => this.#lost(seen));
    return this.#agent;
  }

  /** By kubectl, so that whoever heals after this process has a command for it. */
  #enter(): string[] {
    const { context, namespace, pod } = this.#at;
    return [
      ...['kubectl', `--kubeconfig=${context.kubeconfig}`, `--context=${context.name}`],
      ...[`--namespace=${namespace}`, 'exec', '--stdin', pod, `--container=${CONTAINER}`, '--'],
      ...APART,
    ];
  }

  #lost(seen: string): OrdealError {
    const { name, namespace, pod } = this.#at;
    return new OrdealError({
      code: 'TOOLBOX_LOST',
      exit: EXIT.unable,
      tried: `running commands on ${name}, in the pod ${namespace}/${pod}`,
      seen,
      todo: 'see that kubectl is there and `kubectl exec` reaches the pod, and that cluster.workloadImage is the toolbox image of `ordeal images build`',
    });
  }
}
