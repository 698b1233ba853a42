import { ApiException } from '@kubernetes/client-node';
import { expect } from 'chai';
import { ManualClock } from '../clock/testing/manual-clock.ts';
import type { Kube } from './client.ts';
import { podLogAtLast } from './pod-log.ts';

describe('a pod’s log that is read once', () => {
  /** What comes of it where the API server answers so, and how often it was asked. */
  const read = async (...answers: (string | number | Error)[]) => {
    let asked = 0;
    const readNamespacedPodLog = async () => {
      const answer = answers[Math.min(asked, answers.length - 1)];
      asked += 1;
      if (typeof answer === 'string') return answer;
      throw typeof answer === 'number' ? new ApiException(answer, 'refused', '', {}) : answer;
    };
    const kube = { core: { readNamespacedPodLog } } as unknown as Kube;
    const clock = new ManualClock();
    const reading = podLogAtLast(kube, 'n', 'p', 'main', clock).catch((error: unknown) => error);
    await clock.advance(0);
    await clock.advance(60_000);
    return { came: await reading, asked };
  };
  const LINE = '1970-01-01T00:00:01.0005Z hello\n';

  it('is its lines, by the runtime’s stamps', async () => {
    expect(await read(LINE)).to.deep.equal({ came: [{ at: 1_000.5, line: 'hello' }], asked: 1 });
  });

  it('is asked for again where the kubelet was too busy or away', async () => {
    expect(await read(500, 429, LINE)).to.deep.include({ asked: 3, came: [{ at: 1_000.5, line: 'hello' }] });
    expect(await read(new Error('socket hang up'), LINE)).to.have.property('asked', 2);
  });

  it('is given up after three times, and at once where it is refused', async () => {
    const away = await read(502);
    expect(away.asked).to.equal(3);
    expect(away.came).to.be.instanceOf(ApiException).and.to.include({ code: 502 });
    for (const code of [400, 403, 404]) expect(await read(code)).to.have.property('asked', 1);
  });
});
