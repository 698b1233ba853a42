import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { Channel, WINDOW_BYTES } from './channel.ts';

/** A guest in the test's hands. */
function guest() {
  const [toGuest, fromGuest] = [new PassThrough(), new PassThrough()];
  let unread = '';
  toGuest.setEncoding('utf8').on('data', (part: string) => {
    unread += part;
  });
  return {
    channel: new Channel(toGuest, fromGuest),
    unread: () => unread,
    say: (event: unknown) => fromGuest.write(`${JSON.stringify(event)}\n`),
    /** Reads all that is there, as the agent does. */
    take() {
      const lines = unread.split('\n').slice(0, -1);
      unread = '';
      for (const line of lines) fromGuest.write(`{"taken":${Buffer.byteLength(line) + 1}}\n`);
      return lines;
    },
  };
}

const quiet = { cwd: '/', onLine: () => undefined };

describe('channel to a guest', () => {
  it('never has more unread in the guest than its terminal holds, and loses nothing', async () => {
    const { channel, take, unread } = guest();
    for (let at = 0; at < 50; at++) channel.run({ argv: ['echo', `${at}`.padEnd(500, 'x')], ...quiet });
    const seen: string[] = [];
    while (seen.length < 50) {
      await setImmediate();
      expect(Buffer.byteLength(unread())).to.be.within(1, WINDOW_BYTES);
      seen.push(...take());
      await setImmediate();
    }
    expect(seen.map((line) => Number.parseInt(JSON.parse(line).argv[1], 10))).to.deep.equal(
      Array.from({ length: 50 }, (_, at) => at),
    );
  });

  it('refuses a command that would never fit', () => {
    const { channel } = guest();
    expect(() => channel.run({ argv: ['echo', 'x'.repeat(WINDOW_BYTES)], ...quiet })).to.throw(RangeError);
  });

  it('keeps the lines and the ends of commands apart', async () => {
    const { channel, say } = guest();
    const lines: string[] = [];
    const runs = ['a', 'b'].map((name) =>
      channel.run({
        argv: [name],
        cwd: '/',
        onLine: (line, stream) => lines.push(`${name} ${stream} ${line}`),
      }),
    );
    say({ id: 2, stream: 'stderr', line: 'of b' });
    say({ id: 1, stream: 'stdout', line: 'of a' });
    say({ id: 2, code: 3 });
    say({ id: 1, code: null, error: 'it was ended by SIGKILL' });
    expect(await Promise.all(runs.map(({ ended }) => ended))).to.deep.equal([
      { code: null, error: 'it was ended by SIGKILL' },
      { code: 3, error: undefined },
    ]);
    expect(lines).to.deep.equal(['b stderr of b', 'a stdout of a']);
  });

  it('passes over what a dying guest tore, and says at which step its init failed', async () => {
    const { channel, say } = guest();
    say('no event');
    say({ event: 'failed', step: 'mounts' });
    expect(await channel.begun).to.deep.equal({ ready: false, step: 'mounts' });
  });
});
