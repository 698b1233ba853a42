import { expect } from 'chai';
import { waitFor } from '../clock/wait-for.ts';
import type { HistoryEvent } from './event.ts';
import { printHistory } from './printed.ts';

const event = (seq: number): HistoryEvent => ({
  ...{ seq, mono: seq, wall: seq, source: 'harness', type: 'seen' },
  body: {},
});

describe('a history that is printed while it grows', () => {
  it('is printed once, an event a line, as it comes and to its end', async () => {
    const history = [event(0), event(1)];
    let text = '';
    const end = printHistory(history, (more) => {
      text += more;
    });
    const first = history.map((each) => `${JSON.stringify(each)}\n`).join('');
    await waitFor(() => text !== '', { what: 'what there was', deadlineMs: 5_000 });
    expect(text).to.equal(first);
    history.push(event(2));
    end();
    expect(text).to.equal(`${first}${JSON.stringify(event(2))}\n`);
  });
});
