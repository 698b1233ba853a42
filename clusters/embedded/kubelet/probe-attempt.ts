import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { connect } from 'node:net';
import type { Clock } from '../../../harness/clock/clock.ts';
import { messageOf } from '../../../harness/errors/error.ts';
import type { ContainerSpec, PortReference, ProbeSpec } from '../pod.ts';
import { MODELLED_KUBERNETES } from '../settings.ts';

export interface Attempt {
  ok: boolean;
  /** What an event says of a failure. */
  output: string;
}

/** What a probe reaches its container by. */
export interface ProbeTarget {
  clock: Clock;
  /** Where its ports are, unless the probe names another host. */
  address: string;
  ports: ContainerSpec['ports'];
  /** Runs a command in the container; the signal kills it. @throws Error where there is no such program. */
  exec(command: readonly string[], signal: AbortSignal): Promise<{ exitCode: number; output: string }>;
}

const USER_AGENT = `kube-probe/${MODELLED_KUBERNETES.split('.').slice(0, 2).join('.')}`;
const MAX_REDIRECTS = 10;
const MAX_OUTPUT = 10_240;
/** System errors in the words of the kubelet. */
const WORDS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
};

/** One attempt of a probe, within its time. @throws Error where it could not be made, which counts as neither outcome. */
export async function attemptProbe(probe: ProbeSpec, target: ProbeTarget): Promise<Attempt> {
  const { clock } = target;
  const { exec, httpGet, tcpSocket, timeoutSeconds } = probe;
  const limited = (late: string, attempt: (signal: AbortSignal) => Promise<Attempt>) =>
    within(clock, timeoutSeconds * 1_000, { ok: false, output: late }, attempt);
  if (exec) {
    const command = exec.command ?? [];
    const late = `command timed out: "${command.join(' ')}" timed out after ${timeoutSeconds}s`;
    return await limited(late, async (signal) => {
      const { exitCode, output } = await target.exec(command, signal);
      return { ok: exitCode === 0, output: output.slice(0, MAX_OUTPUT) };
    });
  }
  const { host = target.address, port } = httpGet ?? tcpSocket ?? { port: '' };
  const at = { host, port: portOf(port, target.ports) };
  if (!httpGet)
    return await limited(`dial tcp ${host}:${at.port}: i/o timeout`, (signal) => dial(at, signal));
  const url = new URL(httpGet.path ?? '/', `${httpGet.scheme?.toLowerCase()}://${host}:${at.port}`);
  const given = (httpGet.httpHeaders ?? []).map(({ name, value }) => [name.toLowerCase(), value]);
  const headers = { 'user-agent': USER_AGENT, accept: '*/*', ...Object.fromEntries(given) };
  const late = `Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`;
  return await limited(late, (signal) => fetchStatus(url, headers, signal));
}

function portOf(port: PortReference, ports: ContainerSpec['ports'] = []): number {
  const number = ports.find(({ name }) => name === port)?.containerPort ?? Number(port || Number.NaN);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
  throw new Error(`couldn't find port: ${port}`);
}

async function within(
  clock: Clock,
  ms: number,
  late: Attempt,
  attempt: (signal: AbortSignal) => Promise<Attempt>,
): Promise<Attempt> {
  const over = new AbortController();
  try {
    return await Promise.race([attempt(over.signal), clock.sleep(ms, over.signal).then(() => late)]);
  } finally {
    over.abort();
  }
}

function dial(at: { host: string; port: number }, signal: AbortSignal): Promise<Attempt> {
  return new Promise((resolve) => {
    const socket = connect({ ...at, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve({ ok: true, output: '' });
    });
    socket.once('error', (error) => resolve({ ok: false, output: refusal(at, error) }));
  });
}

function refusal(
  { host, port }: { host: string; port: number | string },
  error: NodeJS.ErrnoException,
): string {
  return `dial tcp ${host}:${port}: connect: ${WORDS[error.code ?? ''] ?? messageOf(error)}`;
}

/** A status from 200 to 399 is success; a redirect is followed as long as it stays on the host. */
async function fetchStatus(
  from: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Attempt> {
  let url = from;
  for (let hop = 0; hop < MAX_REDIRECTS; hop++) {
    const answer = await answerOf(url, headers, signal).catch((error: NodeJS.ErrnoException) => error);
    if (answer instanceof Error) {
      const at = { host: url.hostname, port: url.port || (url.protocol === 'https:' ? 443 : 80) };
      return { ok: false, output: `Get "${url}": ${refusal(at, answer)}` };
    }
    const { statusCode = 0 } = answer;
    const { location } = answer.headers;
    const next = statusCode >= 300 && statusCode < 400 && location ? new URL(location, url) : undefined;
    if (next?.hostname === from.hostname) url = next;
    else if (statusCode >= 200 && statusCode < 400) return { ok: true, output: '' };
    else return { ok: false, output: `HTTP probe failed with statuscode: ${statusCode}` };
  }
  return { ok: false, output: `Get "${url}": stopped after ${MAX_REDIRECTS} redirects` };
}

function answerOf(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const get = url.protocol === 'https:' ? getHttps : getHttp;
    // Whose certificate it is, a kubelet does not ask either.
    const request = get(url, { agent: false, headers, rejectUnauthorized: false, signal }, (response) => {
      response.on('error', () => undefined).resume();
      resolve(response);
    });
    request.once('error', reject);
  });
}
