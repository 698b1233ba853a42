/** `main.ts SUITE FILE`: reads a history and judges it, as `ordeal report` does, and says as JSON how long each took. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { readHistory } from '../../harness/history/reader.ts';
import { judge } from '../../harness/verdict/judge.ts';
import type { Judging } from './measure.ts';
import { SUBJECTS } from './subjects.ts';

const [name, path] = z.tuple([z.enum(['gpu', 'edge']), z.string()]).parse(process.argv.slice(2));
const { plan, suite } = SUBJECTS[name];

async function parseAlone(): Promise<void> {
  for await (const line of createInterface(createReadStream(path))) JSON.parse(line);
}

const start = performance.now();
await parseAlone();
const parsed = performance.now();
const { events, truncated } = await readHistory(path);
const read = performance.now();
const { reasons, verdict } = judge({ history: events, suites: [suite], plan, truncated });
const judged = performance.now();
const judging: Judging = {
  events: events.length,
  verdict,
  reasons,
  parseMs: parsed - start,
  readMs: read - parsed,
  judgeMs: judged - read,
  mostBytes: process.resourceUsage().maxRSS * 1_024,
};
process.stdout.write(`${JSON.stringify(judging)}\n`);
