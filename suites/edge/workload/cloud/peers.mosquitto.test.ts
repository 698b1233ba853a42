import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { waitFor } from '../../../../harness/clock/wait-for.ts';
import { run } from '../../../../harness/exec/exec.ts';
import { freePort } from '../../../../harness/exec/free-port.ts';
import { type Range, size, union } from '../../ranges.ts';
import { Ledgers } from '../../testing/ledger.ts';
import { type Message, parseMessage, TOPICS, topicOf } from '../message.ts';
import { machineClock, type Program } from '../program.ts';
import { startCloud } from './cloud.ts';

const MESSAGES = 200;
const PUBLISHER = 'foreign';

for (const { broker, protocol, version } of [
  { broker: 'aedes', protocol: 4, version: '311' },
  { broker: 'mosquitto', protocol: 4, version: '311' },
  { broker: 'mosquitto', protocol: 5, version: '5' },
] as const) {
  describe(`the cloud’s collector with ${broker}, and clients that speak MQTT ${version}`, () => {
    let folder: string;
    let port: string;
    let ledgers: Ledgers;
    let cloud: Program;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'edge-peers-'));
      ledgers = new Ledgers();
      const mqtt = { host: '127.0.0.1', port: await freePort() };
      const echo = { host: '127.0.0.1', port: await freePort() };
      const hostEcho = { host: '127.0.0.1', port: await freePort() };
      port = String(mqtt.port);
      const options = { mqtt, echo, hostEcho, broker, folder, protocol, lateMs: 60_000, ledgerMs: 20 };
      cloud = await startCloud(options, machineClock, ledgers.of('cloud'));
    });

    afterEach(async () => {
      await cloud.stop();
      await rm(folder, { recursive: true, force: true });
    });

    const way = () => ['-h', '127.0.0.1', '-p', port, '-V', version];
    /** What mosquitto_pub sends: each line is a message. */
    const publish = (numbers: readonly number[], qos: number) => {
      const lines = numbers.map((seq) =>
        JSON.stringify({ publisher: PUBLISHER, session: 's', seq, at: Date.now() } satisfies Message),
      );
      const argv = ['mosquitto_pub', ...way(), '-t', topicOf(PUBLISHER), '-q', String(qos), '-l'];
      return run(argv, { input: `${lines.join('\n')}\n` });
    };
    const received = (): Range[] =>
      union(...ledgers.bodies('ledger.cloud.received').map((body) => body.received));
    const untilReceived = (count: number) =>
      waitFor(() => size(received()) >= count, {
        what: `${count} messages in the cloud’s ledger`,
        seen: () => `${size(received())}`,
        deadlineMs: 10_000,
        intervalMs: 20,
      });

    it('counts what mosquitto_pub publishes: every message, the gap and the duplicate', async () => {
      const session = ['-i', 'independent', '-c', ...(protocol === 5 ? ['-x', '3600'] : [])];
      const subscribe = ['mosquitto_sub', ...way(), '-t', TOPICS, '-q', '1', ...session];
      // Ends once its subscription stands: what comes now waits in its session.
      await run([...subscribe, '-E']);
      const numbers = Array.from({ length: MESSAGES }, (_, seq) => seq).filter((seq) => seq !== 7);
      await publish([...numbers, 3], 2);
      await untilReceived(numbers.length);
      expect(received()).to.deep.equal([
        [0, 6],
        [8, MESSAGES - 1],
      ]);
      const duplicates = () =>
        ledgers.bodies('ledger.cloud.received').reduce((sum, body) => sum + body.duplicates, 0);
      await waitFor(() => duplicates() === 1, { what: 'the duplicate', deadlineMs: 10_000, intervalMs: 20 });
      // aedes loses messages on their way to a subscriber: see `aedesBroker`.
      if (broker === 'aedes') return;
      const { stdout } = await run([...subscribe, '-C', String(numbers.length + 1), '-W', '10']);
      const heard = stdout.split('\n').map((line) => parseMessage(Buffer.from(line))?.seq ?? -1);
      expect(union(heard.map((seq) => [seq, seq]))).to.deep.equal(received());
    });

    it('goes on counting after a restart of the broker', async () => {
      await publish([0, 1, 2], 1);
      await untilReceived(3);
      await cloud.order?.(JSON.stringify({ broker: 'down' }));
      const refused = await publish([3], 1).catch((error: Error) => error);
      expect(String(refused)).to.match(/refused/i);
      await cloud.order?.(JSON.stringify({ broker: 'up' }));
      await waitFor(
        async () =>
          publish([3, 4], 1).then(
            () => true,
            () => false,
          ),
        {
          what: 'the broker to take messages again',
          deadlineMs: 10_000,
          intervalMs: 100,
        },
      );
      await untilReceived(5);
      expect(received()).to.deep.equal([[0, 4]]);
    });
  });
}
