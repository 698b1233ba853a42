import { createSocket } from 'node:dgram';
import type { Clock } from '../../../../harness/clock/clock.ts';
import type { LedgerWriter } from '../ledger-writer.ts';
import { clockId, type Program } from '../program.ts';
import type { ProbeOptions } from './options.ts';
import { type Run, Tracker } from './tracker.ts';

/** A run is written down at least so often, so that what a killed prober saw is not lost with it. */
const CUT_MS = 1_000;
/** Before the number: the epoch, so that an answer to an earlier prober is not taken for one of ours. */
const SEQ_BYTES = 4;
/** No echo's name is longer: what is longer is not kept whole. */
const NAME_BYTES = 64;

/** Sends numbered datagrams to an echo and writes down, run by run, which came back in time, and from whom. */
export async function startProber(
  options: ProbeOptions,
  clock: Clock,
  ledger: LedgerWriter,
): Promise<Program> {
  const { intervalMs, node, path, target, timeoutMs } = options;
  const tracker = new Tracker(timeoutMs);
  const mark = Buffer.from(ledger.epoch);
  const socket = createSocket(target.host.includes(':') ? 'udp6' : 'udp4');
  // A datagram that could not even be sent is a lost probe: it gets no answer.
  socket.on('error', () => undefined);
  socket.on('message', (datagram) => {
    const asked = mark.length + SEQ_BYTES;
    if (datagram.length < asked || !datagram.subarray(0, mark.length).equals(mark)) return;
    const name = datagram.toString('utf8', asked, asked + NAME_BYTES);
    tracker.answered(datagram.readUInt32BE(mark.length), clock.mono(), name === '' ? null : name);
  });
  ledger.write({
    type: 'probe.started',
    node,
    path,
    clock: clockId(),
    intervalMs,
    timeoutMs,
    target: `${target.host}:${target.port}`,
  });
  const write = (runs: readonly Run[]) => {
    for (const run of runs)
      ledger.write({ type: 'probe.run', node, path, ...run, late: tracker.drainLate() });
  };
  const ending = new AbortController();
  let cutAt = clock.mono() + CUT_MS;
  const look = (now: number) => {
    write(tracker.decide(now));
    if (now < cutAt) return;
    write(tracker.cut());
    cutAt = now + CUT_MS;
  };
  const loop = (async () => {
    let due = clock.mono();
    for (let seq = 0; !ending.signal.aborted; seq++) {
      const now = clock.mono();
      const datagram = Buffer.alloc(mark.length + SEQ_BYTES);
      mark.copy(datagram);
      datagram.writeUInt32BE(seq, mark.length);
      tracker.sent(seq, now);
      socket.send(datagram, target.port, target.host, () => undefined);
      look(now);
      // After a stall the timetable starts anew: probes that were missed are a hole, and no burst.
      due = Math.max(due + intervalMs, clock.mono());
      await clock.sleep(Math.max(0, due - clock.mono()), ending.signal).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      ending.abort();
      await loop;
      // The last probes have their time like all the others.
      await clock.sleep(timeoutMs + 1);
      look(clock.mono());
      write(tracker.cut());
      socket.close();
      ledger.write({ type: 'probe.ended', node, path });
    },
  };
}
