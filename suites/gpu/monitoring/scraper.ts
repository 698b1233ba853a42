import type { Cluster } from '../../../clusters/port.ts';
import { messageOf } from '../../../harness/errors/error.ts';
import type { SuiteContext } from '../../../harness/run/ports.ts';
import type { SuiteEvents } from '../events.ts';
import type { ExporterSettings } from '../settings.ts';
import { claimsIn } from './claims.ts';
import { type Endpoint, exportersOf } from './endpoints.ts';
import { parseExposition } from './exposition.ts';

/** An answer that takes longer is none. */
const ANSWER_MS = 2_000;

export interface Scraper {
  /** Asks each once more, and ends. Safe to repeat. */
  stop(): Promise<void>;
}

/** Asks every node's exporter again and again who holds its devices, into the history: of the pods of one namespace. */
export async function scrapeExporters(
  context: SuiteContext<Cluster>,
  nodes: readonly string[],
  namespace: string,
  settings: ExporterSettings,
): Promise<Scraper> {
  const { clock, recorder } = context;
  const ending = new AbortController();
  const { signal } = ending;
  const say = <Type extends keyof SuiteEvents>(node: string, type: Type, body: SuiteEvents[Type]) =>
    recorder.record(`exporter/${node}`, type, body);

  const look = async ({ ask, node }: Endpoint) => {
    const sentMono = clock.mono();
    try {
      const { date, status, text } = await ask(AbortSignal.timeout(ANSWER_MS));
      const receivedMono = clock.mono();
      if (status !== 200) throw new Error(`it answered ${status}`);
      const told = claimsIn(parseExposition(text), namespace);
      say(node, 'exporter.scraped', { node, sentMono, receivedMono, date, ...told });
    } catch (error) {
      const reason = messageOf(error);
      say(node, 'exporter.unread', { node, sentMono, receivedMono: clock.mono(), reason });
    }
  };
  const follow = async (endpoint: Endpoint) => {
    while (!signal.aborted) {
      const next = clock.mono() + settings.interval;
      await look(endpoint);
      await clock.sleep(Math.max(1, next - clock.mono()), signal).catch(() => undefined);
    }
    await look(endpoint);
  };

  const loops: Promise<void>[] = [];
  for (const found of await exportersOf(context, nodes, settings)) {
    if ('ask' in found) loops.push(follow(found));
    else say(found.node, 'exporter.absent', found);
  }
  return {
    async stop() {
      ending.abort();
      await Promise.all(loops);
    },
  };
}
