import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiException } from '@kubernetes/client-node';
import { expect } from 'chai';
import type { OrdealError } from '../../harness/errors/error.ts';
import type { Kube } from '../../harness/kube/client.ts';
import { exportLogs } from './logs.ts';

describe('the logs of an embedded cluster', () => {
  let folder: string;
  let dir: string;
  let server: Server | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logs-test-'));
    dir = join(folder, 'out');
    for (const node of ['a', 'b']) {
      mkdirSync(join(folder, node, 'gpu', 'associations'), { recursive: true });
      for (const file of ['faults.json', 'ledger.jsonl'])
        writeFileSync(join(folder, node, 'gpu', file), `${file} of ${node}`);
    }
    writeFileSync(join(folder, 'cluster.log'), 'up');
  });
  afterEach(async () => {
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    server = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  const pod = (name: string) => ({
    metadata: { namespace: 'n', name },
    spec: { containers: [{ name: 'main' }] },
  });
  const kubeOf = (more: object = {}) => {
    const none = async () => ({ items: [] as object[] });
    return {
      core: {
        listNode: none,
        listPodForAllNamespaces: async () => ({ items: [pod('first'), pod('unstarted'), pod('last')] }),
        listEventForAllNamespaces: none,
        readNamespacedPodLog: async ({ name }: { name: string }) => {
          if (name === 'unstarted') throw new ApiException(400, 'waiting to start', '{}', {});
          return `said by ${name}`;
        },
        ...more,
      },
      batch: { listJobForAllNamespaces: none },
      apps: { listDeploymentForAllNamespaces: none, listReplicaSetForAllNamespaces: none },
    } as unknown as Kube;
  };
  const exported = async (kube: Kube) => {
    const nodes = ['a', 'b'].map((name) => ({ name, stateDir: join(folder, name) }));
    return await exportLogs({ folder, kube, nodes }, dir).then(
      () => undefined,
      (error: OrdealError) => error,
    );
  };
  const ledgerOf = (node: string) => readFileSync(join(dir, 'nodes', node, 'gpu', 'ledger.jsonl'), 'utf8');
  const podLog = (name: string) => readFileSync(join(dir, 'pods', `n_${name}_main.log`), 'utf8');

  it('are whole without what there never was: a container’s that has not started, one of GPU nodes', async () => {
    expect(await exported(kubeOf())).to.equal(undefined);
    expect(readFileSync(join(dir, 'cluster.log'), 'utf8')).to.equal('up');
    expect(['a', 'b'].map(ledgerOf)).to.deep.equal(['ledger.jsonl of a', 'ledger.jsonl of b']);
    expect(['first', 'last'].map(podLog)).to.deep.equal(['said by first', 'said by last']);
    expect(existsSync(join(dir, 'pods', 'n_unstarted_main.log'))).to.equal(false);
  });

  it('have what lies behind a file that cannot be copied, which is told', async () => {
    // A folder of its name is in the way.
    mkdirSync(join(dir, 'nodes', 'a', 'gpu', 'faults.json'), { recursive: true });
    const error = await exported(kubeOf());
    expect(error).to.include({ code: 'LOGS_INCOMPLETE', exit: 4 });
    expect(error?.seen).to.contain(join(folder, 'a', 'gpu', 'faults.json'));
    expect(['a', 'b'].map(ledgerOf)).to.deep.equal(['ledger.jsonl of a', 'ledger.jsonl of b']);
    expect(podLog('last')).to.equal('said by last');
  });

  it('have what lies behind a socket, which is no log', async () => {
    server = createServer().listen(join(folder, 'a', 'gpu', 'a.sock'));
    await new Promise((resolve) => server?.once('listening', resolve));
    expect(await exported(kubeOf())).to.equal(undefined);
    expect(ledgerOf('a')).to.equal('ledger.jsonl of a');
  });

  it('have what a list that fails takes from nobody, as of an API server that is gone', async () => {
    const gone = async () => {
      throw new Error('nobody answers');
    };
    const error = await exported(kubeOf({ listNode: gone, listPodForAllNamespaces: gone }));
    expect(error?.seen).to.match(
      /nodes: nobody answers.*pods: nobody answers.*logs of pods: nobody answers/s,
    );
    expect(readFileSync(join(dir, 'events.json'), 'utf8')).to.equal('[]');
    expect(ledgerOf('b')).to.equal('ledger.jsonl of b');
  });

  it('have the other pods’ where one cannot be read, which is told', async () => {
    const readNamespacedPodLog = async ({ name }: { name: string }) => {
      if (name === 'first') throw new ApiException(500, 'no kubelet', '{}', {});
      return `said by ${name}`;
    };
    const error = await exported(kubeOf({ readNamespacedPodLog }));
    expect(error?.seen).to.match(/^n_first_main\.log: /);
    expect(podLog('last')).to.equal('said by last');
  });
});
