import { expect } from 'chai';
import { netnsLab } from '../../clusters/network/netns/lab.ts';
import type { EdgeLink, EdgeNetwork } from '../../clusters/network/port.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { UndoStack } from '../../harness/run/undo.ts';
import { offloadDefect } from './offload-defect.ts';
import { answers, Ground, lives, serve } from './testing/ground.ts';

/** A handshake is tried again every 5 s and up to 333 ms. */
const RETRY_MS = 30_000;

describe('the edge incident in network namespaces', () => {
  const undo = new UndoStack();
  let ground: Ground;
  let network: EdgeNetwork;
  let link: EdgeLink;

  before(async () => {
    ground = new Ground();
    network = await netnsLab({ runId: 'incident', nodes: ['edge-1'], undo });
    link = network.links[0] as EdgeLink;
    if (network.cloud.hop) await serve(network.cloud.hop, link);
    await link.setKeepalive(1);
  });

  after(async () => {
    ground?.end();
    expect(await undo.unwind()).to.deep.equal([]);
  });

  const tunnel = () => answers(link, link.throughTunnel.mqtt);
  const host = () => answers(link, link.byHost.mqtt);
  const back = () => waitFor(tunnel, { what: 'the tunnel back', deadlineMs: RETRY_MS });
  const errors = async () => (await link.sample()).inCsumErrors;

  it('kills the tunnel while the host lives; the remedy brings it back, and so does the end of the defect', async () => {
    await back();
    expect(await link.offload()).to.equal(true);
    const before = await errors();
    let after = 0;
    const history = await ground.hold(offloadDefect('defect-1', { match: 'tunnel' }, link), async () => {
      for (let round = 0; round < 3; round += 1) {
        expect(await tunnel(), 'through the tunnel').to.equal(false);
        await lives(host, 'by the host network');
      }
      after = await errors();
      expect(after).to.be.greaterThan(before);
      await link.setOffload(false);
      expect(await link.offload()).to.equal(false);
      await back();
      await lives(host, 'by the host network');
      await link.setOffload(true);
      await waitFor(async () => !(await tunnel()), { what: 'the tunnel dead again', deadlineMs: RETRY_MS });
    });
    const bodies = history.map(({ type, body }) => ({ type, ...(body as object) }));
    expect(bodies.find(({ type }) => type === 'fault.bit')).to.include({ bit: true });
    expect(bodies.find(({ type }) => type === 'fault.healed')).to.include({ healed: true });
    expect(ground.journalled()).to.deep.equal([]);
    await back();
  });
});
