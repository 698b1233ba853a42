import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type EngineEvents, eventsOf } from '../harness/history/event.ts';
import { parseHistory } from '../harness/history/reader.ts';
import { parsePlan } from '../harness/plan/load.ts';
import { ordeal, outFolder } from './testing/command.ts';

describe('a run within its blast radius', function () {
  this.timeout(120_000);
  let out: string;

  beforeEach(() => {
    out = outFolder();
  });

  afterEach(() => {
    rmSync(out, { recursive: true, force: true });
  });

  it('ends with exit 3 at the first fault that the plan does not allow on this cluster, and not before', async () => {
    // The plan alone cannot tell that there is no worker-9.
    const nodes = 'radius.nodes.names=[worker-9,worker-2,worker-3]';
    const { code, output } = await ordeal(
      ...['run', '--suite', 'gpu', '--profile', 'hardened', '--level', 'smoke', '--out', out, '--set', nodes],
    );
    expect(code, output).to.equal(3);
    expect(output).to.match(/BLAST_RADIUS: injecting bind-delay-1 .*worker-1/);
    const { events } = parseHistory(readFileSync(join(out, 'events.jsonl'), 'utf8'), 'the run');
    const [resolved] = eventsOf<EngineEvents['radius.resolved']>(events, 'radius.resolved');
    expect(resolved?.body.radius.nodes).to.deep.equal(['worker-9', 'worker-2', 'worker-3']);
    const injected = eventsOf<EngineEvents['fault.injecting']>(events, 'fault.injecting').map(
      ({ body }) => body.kind,
    );
    expect(injected).to.deep.equal(['load/job-burst']);
    const healed = eventsOf<EngineEvents['fault.healed']>(events, 'fault.healed').map(
      ({ body }) => body.healed,
    );
    expect(healed).to.deep.equal([true]);
  });

  it('is explained without being started, as plans that run as they are', async () => {
    const { code, output } = await ordeal('run', '--dry-run', '--level', 'smoke', '--out', out);
    expect(code, output).to.equal(0);
    const documents = output.split('---\n');
    expect(documents).to.have.length(4);
    for (const document of documents) {
      expect(document).to.match(/^# cluster: embedded/);
      expect(document).to.match(/^# blast radius/m);
      expect(parsePlan(document, 'a test').radius.nodes.workers).to.equal(true);
    }
    expect(existsSync(join(out, 'events.jsonl'))).to.equal(false);
  });

  it('is refused before anything is started where the plan alone tells', async () => {
    const { code, output } = await ordeal('run', '--set', 'radius.resources=[jobs]', '--out', out);
    expect(code, output).to.equal(3);
    expect(output).to.match(/BLAST_RADIUS: .*radius\.resources: fault bind-delay-1/);
    expect(output).to.not.match(/cluster: embedded/);
  });
});
