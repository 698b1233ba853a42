import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { freePort } from '../../../harness/exec/free-port.ts';
import { withBuildContext } from '../../images/context.ts';
import { buildToxiproxy } from '../../images/go-binary.ts';
import { LOOPBACK } from '../userland/wire/udp.ts';

const READY_MS = 10_000;

export interface Toxiproxy {
  /** Where it listens for the upstream. */
  port: number;
  end(): Promise<void>;
}

/** A Toxiproxy in front of a port, without a toxic. */
export async function startToxiproxy(upstreamPort: number, signal: AbortSignal): Promise<Toxiproxy> {
  const progress = (line: string) => process.stderr.write(`${line}\n`);
  const binary = await withBuildContext({ signal, progress }, buildToxiproxy);
  const control = await freePort();
  const child = spawn(binary, ['-host', LOOPBACK, '-port', String(control)], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const end = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  try {
    const made = await waitFor(() => propose(control, upstreamPort), {
      what: 'Toxiproxy',
      deadlineMs: READY_MS,
      intervalMs: 50,
      signal,
    });
    return { port: Number(made.split(':').at(-1)), end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Where the proxy listens, once the server is there to make it. */
async function propose(control: number, upstreamPort: number): Promise<string | undefined> {
  const answer = await fetch(`http://${LOOPBACK}:${control}/proxies`, {
    method: 'POST',
    body: JSON.stringify({
      ...{ name: 'bench', listen: `${LOOPBACK}:0`, upstream: `${LOOPBACK}:${upstreamPort}`, enabled: true },
    }),
  }).catch(() => undefined);
  if (!answer?.ok) return undefined;
  return ((await answer.json()) as { listen: string }).listen;
}
