import { expect } from 'chai';
import { netnsLab } from '../../clusters/network/netns/lab.ts';
import type { EdgeLink } from '../../clusters/network/port.ts';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { UndoStack } from '../../harness/run/undo.ts';
import { NetemWith, netem } from './netem.ts';
import { tcLacks } from './tc/probe.ts';
import { answers, Ground, kernelOf, kernelState, send, serve } from './testing/ground.ts';

/** On a kernel with netem everything is netem's; on one without, the delays are refused and the rest is done otherwise. */
describe('netem in network namespaces', () => {
  const undo = new UndoStack();
  let ground: Ground;
  let link: EdgeLink;
  let pristine: string;
  let lacks: string | undefined;

  before(async () => {
    ground = new Ground();
    const network = await netnsLab({ runId: 'netem', nodes: ['edge-1'], undo });
    link = network.links[0] as EdgeLink;
    if (network.cloud.hop) await serve(network.cloud.hop, link);
    await link.setKeepalive(1);
    await waitFor(tunnel, { what: 'the tunnel', deadlineMs: 30_000 });
    pristine = await kernelState(link);
    lacks = await tcLacks(kernelOf(link).nic, 'netem');
  });

  after(async () => {
    ground?.end();
    expect(await undo.unwind()).to.deep.equal([]);
  });

  const tunnel = () => answers(link, link.throughTunnel.mqtt);
  const host = () => answers(link, link.byHost.mqtt);

  const cases: { of: string; wanted: unknown; delayed: boolean; work: () => Promise<unknown> }[] = [
    { of: 'delay', wanted: { delay: '60ms' }, delayed: true, work: () => slower(host, 100) },
    {
      of: 'delay, jitter and reordering of the tunnel alone',
      wanted: { delay: '60ms', jitter: '5ms', reorder: 10, match: 'tunnel' },
      delayed: true,
      work: () => slower(tunnel, 90),
    },
    { of: 'loss', wanted: { loss: 50 }, delayed: false, work: () => send(link, 30) },
    {
      of: 'loss of the tunnel alone',
      wanted: { loss: 100, match: 'tunnel' },
      delayed: false,
      work: async () => {
        expect(await tunnel()).to.equal(false);
        expect(await host()).to.equal(true);
      },
    },
    {
      of: 'corruption',
      wanted: { corrupt: 100, direction: 'to-cloud' },
      delayed: false,
      work: () => send(link, 50),
    },
    { of: 'duplicates', wanted: { duplicate: 50 }, delayed: false, work: () => send(link, 30) },
  ];

  for (const { delayed, of, wanted, work } of cases) {
    it(`${of}: bites, heals and leaves nothing, or is refused for the kernel’s lack of netem`, async () => {
      const refused = lacks !== undefined && delayed;
      const history = await ground.hold(netem('n', NetemWith.parse(wanted), link), async () => {
        if (refused) expect.fail('the work was done');
        await work();
      });
      const said = Object.fromEntries(history.map(({ type, body }) => [type, body as object]));
      if (refused) {
        expect(said['fault.refused']).to.have.property('reason').that.contains(lacks);
      } else {
        if (lacks === undefined) expect(said['fault.injected']).to.include({ mechanism: 'tc netem' });
        expect(said['fault.bit']).to.include({ bit: true });
        expect(said['fault.healed']).to.include({ healed: true });
      }
      expect(await kernelState(link)).to.equal(pristine);
      await waitFor(tunnel, { what: 'the tunnel back', deadlineMs: 30_000 });
    });
  }

  /** A connection and an echo take two round trips: with a delay each way, four delays of it. */
  async function slower(connect: () => Promise<boolean>, atLeastMs: number): Promise<void> {
    const before = systemClock.mono();
    expect(await connect()).to.equal(true);
    expect(systemClock.mono() - before).to.be.above(atLeastMs);
  }
});
