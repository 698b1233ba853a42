import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { EXIT, OrdealError } from '../errors/error.ts';

/**
 * Below the ports that systems give out by themselves: whoever asks for any port between now and when this one is listened
 * on does not get it. Above what Kubernetes' own programs listen on.
 */
const RANGE = [12_000, 30_000] as const;
const TRIES = 100;
const TAKEN = ['EADDRINUSE', 'EACCES'];

/** What this process was given: it may not listen there yet. */
const given = new Set<number>();

/**
 * A port that nothing on this machine has, by TCP or UDP and at any address, and that this process was not given before.
 * @throws OrdealError PORTS_TAKEN (exit 4).
 */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const port = randomInt(...RANGE);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new OrdealError({
    code: 'PORTS_TAKEN',
    exit: EXIT.unable,
    tried: `finding a free port between ${RANGE.join(' and ')}`,
    seen: `none of ${TRIES} was free`,
    todo: 'see with `ss -tuln` what listens there',
  });
}

async function isFree(port: number): Promise<boolean> {
  const tcp = createServer();
  const udp = createSocket('udp4');
  try {
    await once(tcp.listen(port), 'listening');
    await once(udp.bind(port), 'listening');
    return true;
  } catch (error) {
    if (!TAKEN.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return false;
  } finally {
    if (tcp.listening) await new Promise((resolve) => tcp.close(resolve));
    await new Promise<void>((resolve) => udp.close(resolve));
  }
}
