import { expect } from 'chai';
import { burstStarts } from './latencies.ts';
import { Written } from './testing/written.ts';

describe('starts under a burst', () => {
  it('are counted from their Job’s creation, GPU pods apart from CPU-only ones, and only the burst’s', () => {
    const written = new Written()
      .add('suite/gpu', 'job.created', { job: 'steady-1', at: 0, replicas: 1, phase: 'steady' })
      .add('suite/gpu', 'job.created', { job: 'burst-2', at: 1_000, replicas: 2, phase: 'burst' })
      .pod('before', { job: 'steady-1' })
      .pod('a', { job: 'burst-2' })
      .pod('c', { job: 'burst-2', gpus: 0, bystander: true })
      .probe('before', 'x', 0, ['gpu-0'], 700)
      .probe('a', 'y', 0, ['gpu-0'], 2_500)
      .probe('a', 'y', 1, ['gpu-0'], 2_700)
      .add('suite/gpu', 'bystander.started', { podUid: 'uid-c', at: 1_900 });
    const { gpuMs, cpuMs, perSecond } = burstStarts(written.events);
    expect({ gpuMs, cpuMs }).to.deep.equal({ gpuMs: [1_500], cpuMs: [900] });
    expect(perSecond).to.be.closeTo(1 / 1.5, 1e-9);
  });
});

describe('a history without a burst', () => {
  it('has no rate', () => {
    expect(burstStarts(new Written().pod('a').events)).to.deep.equal({
      gpuMs: [],
      cpuMs: [],
      perSecond: undefined,
    });
  });
});
