import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { Exec } from '@kubernetes/client-node';
import { EXIT, messageOf, OrdealError } from '../../../harness/errors/error.ts';
import type { Answered, Asked, AttendantRequest } from '../../plugin-proxy/protocol.ts';
import type { InPod } from '../pod-exec.ts';

const ANSWER_MS = 15_000;

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** One connection to what a command in a pod leads to. */
interface Line {
  say(text: string): void;
  end(why: string): void;
}

/** What is asked of a node's attendant by way of the API server; a connection that was cut is made anew by the next question. */
export class Talk {
  readonly #pod: InPod;
  readonly #command: readonly string[];
  readonly #waiting = new Map<number, Waiting>();
  #line: Promise<Line> | undefined;
  #asked = 0;

  constructor(pod: InPod, command: readonly string[]) {
    this.#pod = pod;
    this.#command = command;
  }

  /** @throws OrdealError ATTENDANT_REFUSED, ATTENDANT_UNHEARD (exit 4). */
  async ask<Answer>(request: AttendantRequest, timeoutMs = ANSWER_MS): Promise<Answer> {
    this.#asked += 1;
    const asked: Asked = { id: this.#asked, request };
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(asked.id, { resolve, reject });
      timer = setTimeout(() => reject(this.#unheard(request, `no answer in ${timeoutMs} ms`)), timeoutMs);
      this.#open().then(
        ({ say }) => say(`${JSON.stringify(asked)}\n`),
        (error) => reject(this.#unheard(request, messageOf(error))),
      );
    });
    try {
      return (await answer) as Answer;
    } catch (error) {
      throw error instanceof OrdealError ? error : this.#unheard(request, messageOf(error));
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(asked.id);
    }
  }

  /** Safe to repeat. */
  close(): void {
    this.#line?.then(({ end }) => end('it was closed')).catch(() => undefined);
  }

  #open(): Promise<Line> {
    this.#line ??= this.#connect().catch((error: unknown) => {
      this.#line = undefined;
      throw error;
    });
    return this.#line;
  }

  async #connect(): Promise<Line> {
    const { container, kube, namespace, pod } = this.#pod;
    const [questions, answers, complaints] = [new PassThrough(), new PassThrough(), new PassThrough()];
    // What comes after the end is answered by nobody.
    for (const stream of [questions, answers, complaints]) stream.on('error', () => undefined);
    createInterface({ input: answers }).on('line', (line) => this.#take(line));
    let said = '';
    complaints.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-400);
    });
    let socket: { close(): void } | undefined;
    let over: string | undefined;
    const end = (why: string) => {
      if (over !== undefined) return;
      over = said.trim() || why;
      this.#line = undefined;
      for (const { reject } of this.#waiting.values()) reject(new Error(over));
      socket?.close();
    };
    const command = [...this.#command];
    const opened = await new Exec(kube.config).exec(
      ...([namespace, pod, container, command, answers, complaints, questions, false] as const),
      ({ message, status }) => end(message ?? `it ended with ${status}`),
    );
    socket = opened;
    opened.onclose = () => end('the connection ended');
    opened.onerror = ({ message }) => end(message);
    if (over !== undefined) {
      opened.close();
      throw new Error(over);
    }
    return { say: (text) => void questions.write(text), end };
  }

  #take(line: string): void {
    let answered: Answered;
    try {
      answered = JSON.parse(line) as Answered;
    } catch {
      // What is no answer is nobody's.
      return;
    }
    const waiting = this.#waiting.get(answered.id);
    if ('error' in answered) waiting?.reject(this.#refused(answered.error));
    else waiting?.resolve(answered.answer);
  }

  #refused(seen: string): OrdealError {
    return new OrdealError({
      code: 'ATTENDANT_REFUSED',
      exit: EXIT.unable,
      tried: `putting a proxy in front of a plugin by pod ${this.#name}, or taking it away`,
      seen,
      todo: 'see the pod’s log, and that the vendor’s plugin and the kubelet of the node run',
    });
  }

  #unheard({ do: what }: AttendantRequest, seen: string): OrdealError {
    return new OrdealError({
      code: 'ATTENDANT_UNHEARD',
      exit: EXIT.unable,
      tried: `asking pod ${this.#name} to ${what}, by the API server`,
      seen,
      todo: 'see that the API server answers and the pod runs; it gives back what it holds by itself when its lease is over',
    });
  }

  get #name(): string {
    return `${this.#pod.namespace}/${this.#pod.pod}`;
  }
}
