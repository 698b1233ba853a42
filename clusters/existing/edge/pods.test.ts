import { expect } from 'chai';
import { edgePod, type Role } from './pods.ts';
import { tablesLeft } from './tables.ts';

const podOf = (role: Role) =>
  edgePod({
    ...{ name: 'p', namespace: 'n', node: 'a', role, image: 'toolbox', deadlineSeconds: 1_920 },
    table: 'ordeal_cut',
  });

describe('the pods of an edge network that was found', () => {
  it('have no privilege but NET_ADMIN on edge nodes, no token, and no file of a node', () => {
    for (const role of ['cloud', 'cloud-host', 'edge'] as const) {
      const { spec } = podOf(role);
      const [container] = spec?.containers ?? [];
      expect(container?.securityContext).to.deep.equal({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'], ...(role === 'edge' && { add: ['NET_ADMIN'] }) },
      });
      const hostNetwork = role !== 'cloud';
      expect(spec).to.include({ automountServiceAccountToken: false, hostNetwork, hostPID: false });
      expect(spec).to.not.have.any.keys('volumes', 'hostIPC');
    }
  });

  it('end by themselves after the deadline, and heal their node when they end', () => {
    const { spec } = podOf('edge');
    expect(spec).to.include({ activeDeadlineSeconds: 1_920, restartPolicy: 'OnFailure' });
    expect(spec?.containers[0]?.command?.[2]).to.match(/trap 'heal .*TERM/);
    expect(podOf('cloud').spec?.containers[0]?.command?.join(' ')).to.not.contain('nft');
  });
});

describe('the nft tables of an edge node', () => {
  it('are the run’s fault where it left its own, and may be anybody’s where others differ', () => {
    const left = (before: string[], after: string[]) => tablesLeft('a', before, after, 'ordeal_cut');
    expect(left(['ip nat'], ['ip nat'])).to.deep.equal({ ours: [], others: [] });
    // Of a run that was killed: the toolbox has taken it away.
    expect(left(['inet ordeal_cut', 'ip nat'], ['ip nat'])).to.deep.equal({ ours: [], others: [] });
    expect(left(['ip nat'], ['inet filter', 'inet ordeal_cut'])).to.deep.equal({
      ours: ['node a: the nft table inet ordeal_cut is still there'],
      others: ['node a: the nft table inet filter is new', 'node a: the nft table ip nat is gone'],
    });
  });
});
