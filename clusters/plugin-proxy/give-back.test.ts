import { expect } from 'chai';
import fc from 'fast-check';
import type { Clock } from '../../harness/clock/clock.ts';
import { giveBack, type NodeSide } from './give-back.ts';
import type { ProxyEntry } from './log.ts';

const GPUS = 8;

/** Time that goes on by itself as soon as somebody waits. */
function impatient(): Clock {
  let now = 0;
  return {
    mono: () => now,
    wall: () => now,
    async sleep(ms) {
      now += ms;
    },
  };
}

interface Weather {
  /** When the kubelet sees that the proxy’s stream has ended. */
  noticedAt: number;
  /** The plugin registers by itself then. */
  comesBackAt?: number | undefined;
  /** The kubelet, the plugin do not answer until then. */
  kubeletFrom?: number;
  vendorFrom?: number;
}

/** A kubelet as 1.34 is: any stream of the resource that ends takes whoever is registered for dead. */
function node(clock: Clock, { comesBackAt, kubeletFrom = 0, noticedAt, vendorFrom = 0 }: Weather) {
  let registeredAt = comesBackAt ?? Number.NEGATIVE_INFINITY;
  let registrations = 0;
  const answers = (from: number) => clock.mono() >= from;
  const side: NodeSide = {
    async allocatable() {
      if (!answers(kubeletFrom)) return undefined;
      const now = clock.mono();
      if (now < noticedAt) return GPUS;
      return registeredAt >= noticedAt && registeredAt <= now ? GPUS : 0;
    },
    healthy: async () => (answers(vendorFrom) ? GPUS : undefined),
    async register() {
      if (!answers(kubeletFrom) || !answers(vendorFrom)) throw new Error('no answer');
      registrations += 1;
      registeredAt = clock.mono();
    },
  };
  return { side, registrations: () => registrations };
}

async function outcome(weather: Weather) {
  const clock = impatient();
  const kubelet = node(clock, weather);
  const lines: ProxyEntry[] = [];
  const given = await giveBack('vendor.sock', kubelet.side, {
    clock,
    log: { write: (line) => lines.push(line) },
  });
  return { given, lines, devices: await kubelet.side.allocatable(), registrations: kubelet.registrations() };
}

describe('giving a resource back to its plugin', () => {
  it('registers once, after the kubelet has seen the proxy’s end, and waits until that holds', async () => {
    const { devices, given, lines, registrations } = await outcome({ noticedAt: 300 });
    expect({ devices, given, registrations }).to.deep.equal({
      devices: GPUS,
      given: 'given back',
      registrations: 1,
    });
    expect(lines.map(({ type }) => type)).to.deep.equal([
      'allocatable',
      'allocatable',
      'vendor-registered',
      'allocatable',
      'given-back',
    ]);
  });

  it('never ends with the resource away, whenever the kubelet notices and the plugin comes back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 4_400 }),
        fc.option(fc.integer({ min: 0, max: 9_000 }), { nil: undefined }),
        async (noticedAt, after) => {
          const comesBackAt = after === undefined ? undefined : noticedAt + after;
          const { devices, given } = await outcome({ noticedAt, comesBackAt });
          expect({ devices, given }).to.deep.equal({ devices: GPUS, given: 'given back' });
        },
      ),
    );
  });

  it('waits for a plugin and a kubelet that take their time', async () => {
    for (const late of [{ vendorFrom: 2_000 }, { kubeletFrom: 2_000 }]) {
      const { devices, given } = await outcome({ noticedAt: 100, ...late });
      expect({ devices, given }).to.deep.equal({ devices: GPUS, given: 'given back' });
    }
  });

  it('leaves it to those that are gone to register when they start', async () => {
    const never = Number.POSITIVE_INFINITY;
    expect((await outcome({ noticedAt: 0, kubeletFrom: never })).given).to.equal(
      'the kubelet does not answer',
    );
    expect((await outcome({ noticedAt: 0, vendorFrom: never })).given).to.equal(
      'the vendor’s plugin does not answer',
    );
  });
});
