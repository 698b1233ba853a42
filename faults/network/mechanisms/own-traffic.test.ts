import { expect } from 'chai';
import type { FoundLink } from '../../../clusters/network/port.ts';
import type { FaultContext } from '../../port.ts';
import { ownPartition, PartitionWith } from '../partition.ts';

const NODE = 'edge-1';
const POD = '10.244.2.7';
const HOST = '172.18.0.4';

/** A link whose node writes down what it is told, and has these tables. */
function link(tables: readonly string[] = []): { link: FoundLink; told: string[] } {
  const told: string[] = [];
  const services = { mqtt: { host: POD, port: 11_883 }, echo: { host: POD, port: 10_007 } };
  const exec: FoundLink['path']['edge']['exec'] = async (argv, { input = '' } = {}) => {
    if (argv.includes('tables')) {
      const nftables = tables.map((name) => ({ table: { family: 'inet', name } }));
      return { exitCode: 0, stdout: JSON.stringify({ nftables }, undefined, 1), stderr: '' };
    }
    if (argv.includes('-c') || argv.includes('-f')) told.push(`${argv.join(' ')}\n${input}`);
    return { exitCode: 0, stdout: '', stderr: '' };
  };
  const enter = ['kubectl', 'exec'];
  return {
    told,
    link: {
      node: NODE,
      throughTunnel: services,
      byHost: { ...services, echo: { host: HOST, port: 11_007 } },
      path: {
        kind: 'found',
        edge: { name: NODE, enter, machine: enter, exec },
        table: 'ordeal_cut',
        cloudNode: 'cloud-1',
      },
    },
  };
}

const context = { deadlineWall: 91_000, clock: { wall: () => 1_000 } } as unknown as FaultContext;

describe('a partition on somebody’s way to the cloud', () => {
  const injected = async (wanted: object) => {
    const { link: on, told } = link();
    const fault = ownPartition('p', PartitionWith.parse(wanted), on);
    expect(await fault.capability(context)).to.include({ ok: true });
    await fault.inject(context);
    return { fault, script: told.slice(1).join('\n') };
  };

  it('drops what goes to the run’s own services, both ways, and names no other address', async () => {
    const { fault, script } = await injected({ match: 'tunnel' });
    expect(script.split('\n').filter((line) => line.startsWith('add rule'))).to.deep.equal([
      'add rule inet ordeal_cut arriving ip daddr . meta l4proto . th dport @pods counter drop comment "pods"',
      'add rule inet ordeal_cut arriving ip saddr . meta l4proto . th sport @pods counter drop comment "pods"',
    ]);
    expect(script).to.not.contain(HOST);
    expect(fault.reach).to.deep.equal({
      ...{ nodes: [NODE], interfaces: [], namespaces: [], resources: [], hostTraffic: [] },
    });
  });

  it('is forgotten by the kernel at the run’s deadline, whoever is left', async () => {
    const { script } = await injected({ match: 'all' });
    expect(script.split('\n').filter((line) => line.startsWith('add element'))).to.deep.equal([
      `add element inet ordeal_cut pods { ${POD} . tcp . 11883 timeout 90s, ${POD} . udp . 10007 timeout 90s }`,
      `add element inet ordeal_cut host { ${HOST} . udp . 11007 timeout 90s }`,
    ]);
  });

  it('is healed through the pod on the node, by whoever reads the journal', async () => {
    const { fault } = await injected({});
    expect(fault.healRecord()).to.deep.equal({
      by: 'commands',
      undo: [
        {
          what: `nft table ordeal_cut of ${NODE}`,
          machine: ['kubectl', 'exec'],
          enter: [],
          look: ['nft', '-j', 'list', 'tables', 'inet'],
          mark: '"name": "ordeal_cut"',
          undo: ['nft', 'delete', 'table', 'inet', 'ordeal_cut'],
        },
      ],
    });
  });

  it('is refused where a table of that name is there, and for handshakes of a tunnel that is somebody’s', async () => {
    const taken = ownPartition('p', PartitionWith.parse({}), link(['ordeal_cut']).link);
    expect(await taken.capability(context)).to.include({ ok: false });
    const handshakes = ownPartition('p', PartitionWith.parse({ match: 'handshake' }), link().link);
    const answer = await handshakes.capability(context);
    expect(answer).to.include({ ok: false }).and.to.have.property('reason').that.contains('somebody’s');
  });
});
