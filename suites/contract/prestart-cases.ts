import { expect } from 'chai';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { TO_BE_HEARD } from '../heard.ts';
import type { Bench } from './bench.ts';
import { background, type Early, type Lab } from './lab.ts';
import type { Call, ProbePlugin } from './probe-plugin.ts';

/** The kubelet's own limit on PreStartContainer. */
const PRESTART_LIMIT_MS = 30_000;
/** By how much later than the kubelet calls its plugin may hear of it: the limit runs from the call. */
const HEARD_MS = 5_000;

/** PreStartContainer is where a plugin may wait: it holds one container only, and holds it for certain. */
export function declarePreStart(getLab: () => Lab, early: Early): void {
  describe('PreStartContainer', () => {
    let bench: Bench;
    let plugin: ProbePlugin;
    let refusal: Promise<{
      waiting: string | undefined;
      message: string | undefined;
      calls: Call[];
      log: string;
    }>;
    let limit: Promise<{ after: number; waiting: string | undefined; calls: Call[]; log: string }>;

    /** A pod with a plugin of its own whose first PreStartContainer goes wrong. */
    const badStart = async (lab: Lab, purpose: string, first: () => Promise<void>) => {
      const own = await lab.plugin(purpose, 1, { preStart: true });
      let calls = 0;
      own.behaviour.preStart = async () => {
        calls += 1;
        if (calls === 1) await first();
      };
      await lab.allocatable(own.resource, 1);
      await bench.create({
        name: purpose,
        script: `echo "started with $CONTRACT_DEVICES"; ${TO_BE_HEARD}`,
        devices: [own.resource, 1],
      });
      return own;
    };
    const retried = async (own: ProbePlugin) => {
      await bench.phase(own.purpose, 'Succeeded');
      return own.calls.filter(({ method }) => method === 'Allocate' || method === 'PreStartContainer');
    };

    early(async (lab) => {
      bench = await lab.bench('prestart');
      plugin = await lab.plugin('gate', 4, { preStart: true });
      refusal = background(async () => {
        const own = await badStart(lab, 'refusing', async () => {
          throw new Error('not bound yet');
        });
        const { status } = await bench.until('refusing', 'held back', (pod) =>
          (pod.status?.containerStatuses?.[0]?.state?.waiting?.message ?? '').includes('not bound yet'),
        );
        const waiting = status?.containerStatuses?.[0]?.state?.waiting;
        const calls = await retried(own);
        return {
          waiting: waiting?.reason,
          message: waiting?.message,
          calls,
          log: await bench.log('refusing'),
        };
      });
      limit = background(async () => {
        let release = () => {};
        const own = await badStart(
          lab,
          'endless',
          async () =>
            await new Promise<void>((resolve) => {
              release = resolve;
            }),
        );
        await waitFor(() => own.callsOf('PreStartContainer').length === 1, {
          what: 'the first PreStartContainer',
          deadlineMs: bench.deadlineMs,
        });
        const asked = own.callsOf('PreStartContainer')[0]?.asked as number;
        const { status } = await bench.until(
          'endless',
          'given up by the kubelet',
          (pod) => /DeadlineExceeded/.test(pod.status?.containerStatuses?.[0]?.state?.waiting?.message ?? ''),
          2 * PRESTART_LIMIT_MS,
        );
        const after = systemClock.mono() - asked;
        release();
        return {
          after,
          waiting: status?.containerStatuses?.[0]?.state?.waiting?.reason,
          calls: await retried(own),
          log: await bench.log('endless'),
        };
      });
    });

    before(async () => {
      await getLab().allocatable(plugin.resource, 4);
    });

    it('waits of several pods run at once, and no container starts before its own is over', async () => {
      plugin.behaviour.preStart = async () => {
        // Each waits until all three are asked: were they queued, none would end.
        await waitFor(() => plugin.callsOf('PreStartContainer').length >= 3, {
          what: 'three PreStartContainer calls at once',
          deadlineMs: PRESTART_LIMIT_MS - 2_000,
          intervalMs: 20,
        });
        await systemClock.sleep(300);
      };
      const names = ['gated-1', 'gated-2', 'gated-3'];
      await Promise.all(
        names.map(
          async (name) =>
            await bench.create({
              name,
              script: `echo "with $CONTRACT_DEVICES"; ${TO_BE_HEARD}`,
              devices: [plugin.resource, 1],
            }),
        ),
      );
      await Promise.all(names.map(async (name) => await bench.phase(name, 'Succeeded')));
      const calls = plugin.callsOf('PreStartContainer');
      expect(calls).to.have.length(3);
      const answered = calls.map((call) => call.answered as number);
      for (const call of calls) expect(call.asked).to.be.below(Math.min(...answered));
      for (const name of names) {
        const [device] = /gate-\d/.exec(await bench.log(name)) ?? [];
        const own = calls.find(({ containers }) => containers?.[0]?.[0] === device);
        expect(await bench.saidAt(name, 'with')).to.be.at.least(own?.answeredWall as number);
      }
    });

    it('a refusal keeps the container from starting; it is tried again with the same devices', async () => {
      const { waiting, message, calls, log } = await refusal;
      expect(waiting).to.equal('CreateContainerConfigError');
      expect(message).to.contain('PreStartContainer').and.to.contain('not bound yet');
      expect(calls.map(({ method }) => method)).to.deep.equal([
        'Allocate',
        'PreStartContainer',
        'PreStartContainer',
      ]);
      expect(calls[2]?.containers).to.deep.equal(calls[0]?.containers);
      expect(log).to.equal('started with refusing-0\n');
    });

    it('is given up after 30 s, without a start, and tried again', async () => {
      const { after, waiting, calls, log } = await limit;
      expect(after).to.be.within(PRESTART_LIMIT_MS - HEARD_MS, PRESTART_LIMIT_MS + 15_000);
      expect(waiting).to.equal('CreateContainerConfigError');
      expect(calls.map(({ method }) => method)).to.deep.equal([
        'Allocate',
        'PreStartContainer',
        'PreStartContainer',
      ]);
      expect(calls[2]?.containers).to.deep.equal(calls[0]?.containers);
      expect(log).to.equal('started with endless-0\n');
    }).slow(60_000);
  });
}
