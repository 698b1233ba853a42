import { z } from 'zod';
import type { Clock } from '../../../../harness/clock/clock.ts';
import { echoName, ProbePath } from '../ledger.ts';
import type { LedgerWriter } from '../ledger-writer.ts';
import { parseMessage } from '../message.ts';
import { clockId, type Program } from '../program.ts';
import { aedesBroker, type Broker, mosquittoBroker, type OnPayload } from './broker.ts';
import { type Echo, startEcho } from './echo.ts';
import type { BrokerOptions, CloudOptions } from './options.ts';
import { Tally } from './tally.ts';

/** What the one who started the program may ask for, a JSON line each. */
const Order = z.strictObject({ broker: z.enum(['up', 'down']) });
export type CloudOrder = z.infer<typeof Order>;

/** The cloud: a broker, whose messages are written down, and an echo of UDP datagrams for each way to it. */
export async function startCloud(
  options: CloudOptions,
  clock: Clock,
  ledger: LedgerWriter,
  brokerFor: (options: BrokerOptions, hear: OnPayload) => Broker = namedBroker,
): Promise<Program> {
  const tally = new Tally(options.lateMs);
  const { mqtt } = options;
  const hear: OnPayload = (payload) => tally.take(parseMessage(payload), clock.wall());
  const broker = mqtt && brokerFor({ ...options, mqtt }, hear);
  const turn = async (up: boolean) => {
    if (!broker) return;
    await (up ? broker.start() : broker.stop());
    ledger.write({ type: 'cloud.broker', up });
  };
  const account = () => {
    for (const entry of tally.drain()) ledger.write(entry);
  };
  const at = { tunnel: options.echo, host: options.hostEcho };
  const echoes: Echo[] = [];
  const served: ProbePath[] = [];
  for (const path of ProbePath.options) {
    const endpoint = at[path];
    if (!endpoint) continue;
    echoes.push(await startEcho(endpoint, echoName(ledger.epoch, path)));
    served.push(path);
  }
  await turn(true);
  const timer = setInterval(account, options.ledgerMs);
  ledger.write({
    type: 'cloud.started',
    clock: clockId(),
    broker: broker?.name ?? 'none',
    echoes: served,
  });
  // Orders are carried out one after the other, in the order that they came.
  let orders = Promise.resolve();
  return {
    order(line) {
      const order = Order.parse(JSON.parse(line));
      orders = orders.then(() => turn(order.broker === 'up'));
      return orders;
    },
    async stop() {
      await orders;
      clearInterval(timer);
      await broker?.close();
      account();
      for (const echo of echoes) echo.close();
      ledger.write({ type: 'cloud.ended' });
    },
  };
}

function namedBroker(options: BrokerOptions, hear: OnPayload): Broker {
  return options.broker === 'aedes'
    ? aedesBroker(options.mqtt, hear)
    : mosquittoBroker(options.mqtt, hear, options);
}
