import { expect } from 'chai';
import { nodesLab } from '../../clusters/network/nodes/lab.ts';
import { type PlainNodes, startPlainNodes } from '../../clusters/network/nodes/testing/plain-nodes.ts';
import type { EdgeLink } from '../../clusters/network/port.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { UndoStack } from '../../harness/run/undo.ts';
import { offloadDefect } from './offload-defect.ts';
import { answers, Ground, kernelState, lives, serve } from './testing/ground.ts';

/** A handshake is tried again every 5 s and up to 333 ms. */
const RETRY_MS = 30_000;

describe('the edge incident between nodes that are containers', () => {
  const undo = new UndoStack();
  let ground: Ground;
  let nodes: PlainNodes;
  let link: EdgeLink;

  before(async () => {
    ground = new Ground();
    nodes = await startPlainNodes();
    const { cloud, edge, image } = nodes;
    const lab = await nodesLab({ runId: 'incident', cloud, edges: [edge], image, undo });
    const network = await lab.network();
    link = network.links[0] as EdgeLink;
    if (network.cloud.hop) await serve(network.cloud.hop, link);
    await link.setKeepalive(1);
  });

  after(async () => {
    ground?.end();
    expect(await undo.unwind()).to.deep.equal([]);
    await nodes?.remove();
  });

  it('kills the tunnel while the host lives, and its end brings the tunnel back', async () => {
    const tunnel = () => answers(link, link.throughTunnel.mqtt);
    const back = () => waitFor(tunnel, { what: 'the tunnel back', deadlineMs: RETRY_MS });
    const errors = async () => (await link.sample()).inCsumErrors;
    await back();
    expect(await link.offload()).to.equal(true);
    const [before, state] = [await errors(), await kernelState(link)];
    const history = await ground.hold(offloadDefect('defect-1', { match: 'tunnel' }, link), async () => {
      for (let round = 0; round < 2; round += 1) {
        expect(await tunnel(), 'through the tunnel').to.equal(false);
        await lives(() => answers(link, link.byHost.mqtt), 'by the host network');
      }
      expect(await errors()).to.be.greaterThan(before);
      await link.setOffload(false);
      await back();
      await link.setOffload(true);
    });
    const bodies = history.map(({ type, body }) => ({ type, ...(body as object) }));
    expect(bodies.find(({ type }) => type === 'fault.bit')).to.include({ bit: true });
    expect(bodies.find(({ type }) => type === 'fault.healed')).to.include({ healed: true });
    expect(ground.journalled()).to.deep.equal([]);
    expect(await kernelState(link)).to.equal(state);
    await back();
  });
});
