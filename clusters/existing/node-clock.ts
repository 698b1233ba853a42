import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { Exec } from '@kubernetes/client-node';
import type { Clock } from '../../harness/clock/clock.ts';
import { messageOf } from '../../harness/errors/error.ts';
import type { NodeClock } from '../port.ts';
import type { InPod } from './pod-exec.ts';

const TRIPS = 10;
const TIMEOUT_MS = 15_000;
const ALL_MS = 60_000;
const OUT_OF_TIME = `it was not asked: the nodes before it took ${ALL_MS / 1_000} s`;
/** Answers each line with the node's time in nanoseconds: containers have no clock of their own. */
const TELL = 'while read -r _; do date +%s%N; done';

/** A question and its answer: wall ms by the asker's clock at both ends, and what the one asked told by its own between them. */
export interface RoundTrip {
  sent: number;
  told: number;
  received: number;
}

/**
 * By how many ms the other clock is ahead, at the least and at the most: it told its time after it was asked and before it
 * was heard, however long either way took. Undefined where no one figure agrees with all of them: a clock was set meanwhile. Pure.
 */
export function offsetOf(trips: readonly RoundTrip[]): { fromMs: number; toMs: number } | undefined {
  const fromMs = Math.max(...trips.map(({ received, told }) => told - received));
  const toMs = Math.min(...trips.map(({ sent, told }) => told - sent));
  return trips.length > 0 && fromMs <= toMs ? { fromMs, toMs } : undefined;
}

/**
 * The clocks of nodes one after the other, for a burst of questions would have long answers; and for a minute in all: a
 * thousand nodes that do not answer would take hours. @throws the signal's reason
 */
export async function oneByOne<Node extends { node: string }>(
  nodes: readonly Node[],
  ask: (node: Node) => Promise<NodeClock>,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<NodeClock[]> {
  const until = clock.mono() + ALL_MS;
  const clocks: NodeClock[] = [];
  for (const node of nodes) {
    signal.throwIfAborted();
    clocks.push(clock.mono() < until ? await ask(node) : { node: node.node, unseen: OUT_OF_TIME });
  }
  return clocks;
}

/** How a node's clock stands against the harness's, by a pod on it; never rejects, for no run ends for want of it. */
export async function nodeClock(node: string, pod: InPod, clock: Clock): Promise<NodeClock> {
  try {
    const offset = offsetOf(await roundTrips(pod, clock));
    return offset ? { node, ...offset, trips: TRIPS } : { node, unseen: 'it was set while it was asked' };
  } catch (error) {
    return { node, unseen: messageOf(error) };
  }
}

async function roundTrips({ container, kube, namespace, pod }: InPod, clock: Clock): Promise<RoundTrip[]> {
  const [questions, answers] = [new PassThrough(), new PassThrough()];
  const lines = createInterface({ input: answers })[Symbol.asyncIterator]();
  // What comes after the end is answered by nobody.
  answers.on('error', () => undefined);
  let socket: { close(): void } | undefined;
  let failure = new Error('the connection ended before it told the time');
  let ended = false;
  const end = () => {
    ended = true;
    answers.end();
    socket?.close();
  };
  const timer = setTimeout(end, TIMEOUT_MS);
  const command = ['sh', '-c', TELL];
  new Exec(kube.config).exec(namespace, pod, container, command, answers, answers, questions, false).then(
    (opened) => {
      socket = opened;
      opened.onclose = end;
      if (ended) end();
    },
    (error: Error) => {
      failure = error;
      end();
    },
  );
  try {
    const trips: RoundTrip[] = [];
    while (trips.length < TRIPS) {
      const sent = clock.wall();
      questions.write('\n');
      const { done, value } = await lines.next();
      const received = clock.wall();
      const told = Number(value) / 1e6;
      if (done) throw failure;
      if (!Number.isFinite(told)) throw new Error(`it told no time but ${value}`);
      trips.push({ sent, told, received });
    }
    return trips;
  } finally {
    clearTimeout(timer);
    end();
  }
}
