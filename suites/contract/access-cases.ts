import { AuthorizationV1Api } from '@kubernetes/client-node';
import { expect } from 'chai';
import { run } from '../../harness/exec/exec.ts';
import { refused } from './bench.ts';
import type { Lab } from './lab.ts';

/** Whether something is granted, as the preflight of a cluster that is someone's asks it. */
export function declareAccess(getLab: () => Lab): void {
  describe('access reviews', () => {
    const api = () => getLab().kube.config.makeApiClient(AuthorizationV1Api);

    it('says that an administrator may do a thing', async () => {
      const attributes = { group: 'batch', resource: 'jobs', verb: 'create' };
      const review = await api().createSelfSubjectAccessReview({
        body: { spec: { resourceAttributes: attributes } },
      });
      expect(review.status?.allowed).to.equal(true);
      expect(review.spec.resourceAttributes).to.include(attributes);
    });

    it('a review of nothing is refused, 422', async () => {
      const { status, body } = await refused(api().createSelfSubjectAccessReview({ body: { spec: {} } }));
      expect(status).to.equal(422);
      expect(JSON.parse(body).reason).to.equal('Invalid');
    });

    it('answers kubectl auth can-i, whose question is in protobuf', async function () {
      const kubeconfig = getLab().cluster.kubeconfig;
      const argv = ['kubectl', '--kubeconfig', kubeconfig, 'auth', 'can-i', 'create', 'pods/exec'];
      const answer = await run(argv).catch((error) => {
        if (error.code === 'COMMAND_MISSING') return undefined;
        throw error;
      });
      if (!answer) return this.skip();
      expect(answer.stdout).to.equal('yes');
    });
  });
}
