import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { type Clock, systemClock } from '../clock/clock.ts';
import { OrdealError } from '../errors/error.ts';
import { run } from '../exec/exec.ts';
import { eventsOf } from './event.ts';
import { parseHistory, readHistory } from './reader.ts';
import { remembered } from './remembered.ts';
import { memoryRecorder, openHistory } from './writer.ts';

const bodies = fc.array(fc.tuple(fc.string({ minLength: 1, unit: 'binary' }), fc.jsonValue()));

function steppingClock(): Clock {
  let now = 5;
  return { ...systemClock, mono: () => (now += 0.125) };
}

function thrown(action: () => unknown): OrdealError {
  try {
    action();
  } catch (error) {
    expect(error).to.be.instanceOf(OrdealError);
    return error as OrdealError;
  }
  throw new Error('nothing was thrown');
}

function line(fields: Record<string, unknown>): string {
  return `${JSON.stringify({ seq: 0, mono: 0, wall: 0, source: 's', type: 't', body: null, ...fields })}\n`;
}

describe('a history', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'ordeal-history-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('reads back as it was recorded, whatever the bodies', () => {
    let round = 0;
    fc.assert(
      fc.property(bodies, (recorded) => {
        const recorder = openHistory(join(dir, `${round++}.jsonl`), steppingClock());
        for (const [source, body] of recorded) recorder.record(source, 'some.type', body);
        recorder.close();
        const read = parseHistory(readFileSync(recorder.path, 'utf8'), recorder.path);
        expect(read.truncated).to.equal(false);
        expect(read.events).to.deep.equal(recorder.events);
        expect(recorder.events.map((event) => event.seq)).to.deep.equal(recorded.map((_, index) => index));
      }),
      { numRuns: 50 },
    );
  });

  it('cut anywhere gives the events before the cut, and says so unless the cut is between two lines', () => {
    const recorder = memoryRecorder(steppingClock());
    for (const body of ['', 'a\nb', { deep: ['ü', '}'] }, null, 12.5])
      recorder.record('harness', 'x.y', body);
    const whole = Buffer.from(recorder.events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    fc.assert(
      fc.property(fc.nat({ max: whole.length }), (cut) => {
        const text = whole.subarray(0, cut).toString('utf8');
        const { events, truncated } = parseHistory(text, 'events.jsonl');
        expect(events).to.deep.equal(recorder.events.slice(0, events.length));
        const lines = text.split('\n').length - 1;
        expect(events.length).to.be.within(lines, lines + 1);
        expect(truncated).to.equal(text !== '' && !text.endsWith('\n'));
      }),
    );
  });

  it('keeps what was recorded when the caller changes the body later', () => {
    const recorder = memoryRecorder(systemClock);
    const body = { n: 1, when: new Date(0), gone: undefined };
    recorder.record('harness', 'x.y', body);
    body.n = 2;
    expect(recorder.events[0]?.body).to.deep.equal({ n: 1, when: '1970-01-01T00:00:00.000Z' });
  });

  it('counts monotonic time from its start', () => {
    const event = memoryRecorder(steppingClock()).record('harness', 'x.y', undefined);
    expect(event).to.include({ seq: 0, mono: 0.125, body: null });
  });

  it('can be read while it is written', async () => {
    const recorder = openHistory(join(dir, 'deep', 'events.jsonl'), systemClock);
    recorder.record('harness', 'x.y', 1);
    recorder.flush();
    expect((await readHistory(recorder.path)).events).to.have.length(1);
    recorder.record('harness', 'x.y', 2);
    await systemClock.sleep(120);
    expect((await readHistory(recorder.path)).events).to.have.length(2);
    recorder.close();
  });

  it('is whole when the process exits without closing it', async () => {
    const path = join(dir, 'events.jsonl');
    const script = `
      const { openHistory } = await import(${JSON.stringify(new URL('./writer.ts', import.meta.url).href)});
      const { systemClock } = await import(${JSON.stringify(new URL('../clock/clock.ts', import.meta.url).href)});
      const recorder = openHistory(process.argv[1], systemClock);
      for (let i = 0; i < 1000; i++) recorder.record('harness', 'x.y', i);
      process.exit(0);`;
    await run([process.execPath, '--import', 'tsx', '--input-type=module', '-e', script, path]);
    const { events, truncated } = await readHistory(path);
    expect({ count: events.length, truncated }).to.deep.equal({ count: 1000, truncated: false });
  });

  it('is read alike in pieces and at once, wherever a piece ends', async () => {
    const path = join(dir, 'long.jsonl');
    const recorder = openHistory(path, steppingClock());
    // Characters of two and four bytes, and several times what is read at once.
    for (let size = 0; size < 10_000_000; size += 6_000)
      recorder.record('harness', 'x.y', 'ü𝄞'.repeat(1_000));
    recorder.close();
    const text = readFileSync(path, 'utf8');
    const read = await readHistory(path);
    expect(read.events.length).to.be.above(1_000);
    expect(JSON.stringify(read)).to.equal(JSON.stringify(parseHistory(text, path)));
    expect(read.events.map((event) => `${JSON.stringify(event)}\n`).join('')).to.equal(text);
  });

  it('is never overwritten', () => {
    const path = join(dir, 'events.jsonl');
    openHistory(path, systemClock).close();
    expect(thrown(() => openHistory(path, systemClock))).to.include({ code: 'HISTORY_EXISTS', exit: 3 });
  });

  it('takes nothing after it is closed, and closes twice', () => {
    const recorder = openHistory(join(dir, 'events.jsonl'), systemClock);
    recorder.close();
    recorder.close();
    expect(thrown(() => recorder.record('harness', 'x.y', 1)).code).to.equal('HISTORY_CLOSED');
  });
});

describe('a history that grows', () => {
  const recorder = memoryRecorder(systemClock);

  it('gives the events of a type that there are, and changes nothing that it gave', () => {
    expect(eventsOf(recorder.events, 'a')).to.deep.equal([]);
    const first = recorder.record('s', 'a', 1);
    const before = eventsOf(recorder.events, 'a');
    recorder.record('s', 'b', 2);
    const second = recorder.record('s', 'a', 3);
    expect(before).to.deep.equal([first]);
    expect(eventsOf(recorder.events, 'a')).to.deep.equal([first, second]);
  });

  it('is gone through once as long as it stays as it is', () => {
    let times = 0;
    const counted = remembered((history) => [history.length, ++times]);
    expect([counted(recorder.events), counted(recorder.events)]).to.deep.equal([
      [3, 1],
      [3, 1],
    ]);
    recorder.record('s', 'a', 4);
    expect([counted(recorder.events), counted([])]).to.deep.equal([
      [4, 2],
      [0, 3],
    ]);
  });
});

describe('readHistory refuses', () => {
  const cases: [string, string, RegExp][] = [
    ['what is no JSON', `${line({})}nonsense\n`, /events.jsonl:2.*expected a JSON object/s],
    ['a blank line', `\n${line({})}`, /events.jsonl:1/],
    ['a missing field', '{"seq":0}\n', /events.jsonl:1.*mono/s],
    ['a number that is none', line({ mono: '1' }), /its mono is not a number of at least 0/],
    ['a time before its start', line({ mono: -1 }), /its mono is not/],
    ['a part of a number', line({ seq: 0.5 }), /its seq is not a whole number/],
    ['a time that no date can have', line({ wall: 8.64e15 + 2 }), /its wall is not the time of a date/],
    ['a number beyond all numbers', line({}).replace('"wall":0', '"wall":1e999'), /its wall is not/],
    ['an empty source', line({ source: '' }), /its source is not a name/],
    ['a type that is no text', line({ type: ['t'] }), /its type is not a name/],
    ['an array', '[0]\n', /it is no object/],
    ['no event at all', 'null\n', /it is no object/],
    ['a field by the name of a prototype', line({}).replace('{', '{"__proto__":{},'), /field __proto__/],
    ['a missing body', '{"seq":0,"mono":0,"wall":0,"source":"s","type":"t"}\n', /no body|body/],
    ['a field that is not ours', line({ extra: 1 }), /extra/],
    ['a gap', line({}) + line({ seq: 2 }), /events.jsonl:2.*expected seq 1, found 2/s],
    ['a repeated number', line({}) + line({}), /expected seq 1, found 0/],
    ['a clock that runs backwards', line({ mono: 2 }) + line({ seq: 1, mono: 1 }), /at least 2, found 1/],
    ['an engine event with a wrong body', line({ type: 'run.ended', body: { outcome: 'fine' } }), /outcome/],
    ['a broken line before a torn one', `nonsense\n${line({}).slice(0, 9)}`, /events.jsonl:1/],
  ];
  for (const [what, text, message] of cases) {
    it(what, () => {
      const error = thrown(() => parseHistory(text, 'events.jsonl'));
      expect(error).to.include({ code: 'HISTORY_INVALID', exit: 3 });
      expect(error.message).to.match(message);
    });
  }

  it('a folder without a history', async () => {
    const error = await readHistory('/no/such/events.jsonl').catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'HISTORY_MISSING', exit: 3 });
  });

  it('reads a type whose name is that of a built-in', () => {
    expect(parseHistory(line({ type: 'constructor' }), 'events.jsonl').events).to.have.length(1);
  });
});
