import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { expect } from 'chai';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { Kube } from '../../harness/kube/client.ts';
import { denialLines, denialsOf, permissionsFor, roleFor } from './access.ts';

const none = {
  ...{ checkpoints: false, edge: false, exporter: false },
  ...{ fakeGpuNodes: false, jobSlots: false, proxies: false },
};
const asks = { checkpoints: true, edge: true, exporter: true, fakeGpuNodes: true, jobSlots: true };
const all = permissionsFor({ ...none, ...asks });
const asked = all.flatMap((permission) => permission.verbs.map((verb) => ({ permission, verb })));

describe('access to someone’s cluster', () => {
  it('asks for what the plan needs and no more', () => {
    const resources = (need: object) => permissionsFor({ ...none, ...need }).map(({ resource }) => resource);
    const least = resources({});
    const besides = (need: object) => resources(need).filter((resource) => !least.includes(resource));
    expect(besides({ edge: true })).to.have.members(['pods/exec', 'deployments']);
    expect(besides({ proxies: true })).to.deep.equal(['pods/exec']);
    expect(besides({ exporter: true })).to.deep.equal(['pods/proxy']);
    expect(least).to.not.include.members(['pods/exec']);
    expect(least).to.not.include.members(['nodes/status']);
    expect(all.map(({ resource }) => resource)).to.include.members([...least, 'pods/exec', 'nodes/status']);
    for (const { resource, verbs } of all) {
      if (resource === 'nodes') expect(verbs).to.deep.equal(['get', 'list']);
      expect(verbs).to.not.include('*');
    }
  });

  it('a ClusterRole grants exactly what was denied', () => {
    fc.assert(
      fc.property(fc.subarray(asked, { minLength: 1 }), (denials) => {
        const role = parse(roleFor(denials));
        expect(role).to.include({ kind: 'ClusterRole', apiVersion: 'rbac.authorization.k8s.io/v1' });
        const granted = role.rules.flatMap(
          (rule: { apiGroups: string[]; resources: string[]; verbs: string[] }) =>
            rule.verbs.map((verb) => `${rule.apiGroups.join()}|${rule.resources.join()}|${verb}`),
        );
        const denied = denials.map(
          ({ permission, verb }) => `${permission.group}|${permission.resource}|${verb}`,
        );
        expect(granted).to.have.members(denied);
        expect(denialLines(denials)).to.have.lengthOf(role.rules.length);
      }),
    );
  });

  describe('as an API server answers', () => {
    let server: Server;
    let kube: Kube;
    const reviews: Record<string, string>[] = [];
    before(async () => {
      server = createServer(async (request, response) => {
        let text = '';
        for await (const chunk of request) text += chunk;
        const review = JSON.parse(text);
        const { resourceAttributes } = review.spec;
        reviews.push(resourceAttributes);
        // As RBAC has it: no `denied`, only that it is not allowed.
        const allowed = resourceAttributes.verb !== 'delete' && resourceAttributes.subresource !== 'exec';
        response.writeHead(201, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ ...review, status: { allowed } }));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const config = new KubeConfig();
      const { port } = server.address() as AddressInfo;
      const at = { name: 'a', server: `http://127.0.0.1:${port}`, skipTLSVerify: true };
      config.loadFromClusterAndUser(at, { name: 'a' });
      kube = { config } as Kube;
    });
    after(() => {
      server.close();
      server.closeAllConnections();
    });

    it('asks once for every verb, and says which are not granted', async () => {
      expect(denialLines(await denialsOf(kube, all))).to.deep.equal([
        'delete of namespaces (namespaces of the run’s own)',
        'delete of pods (the workload)',
        'delete of coordination.k8s.io/leases (one run at a time on the cluster)',
        'delete of batch/jobs (the training Jobs)',
        'create, get of pods/exec (orders for the pods on nodes)',
      ]);
      expect(reviews).to.have.lengthOf(asked.length);
      expect(reviews).to.deep.include({ group: '', resource: 'pods', subresource: 'exec', verb: 'create' });
    });
  });
});
