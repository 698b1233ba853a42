import { expect } from 'chai';
import { z } from 'zod';
import { OrdealError } from '../../harness/errors/error.ts';
import { Plan } from '../../harness/plan/schema.ts';
import { linkFault } from './faults.ts';
import { requirements } from './requirements.ts';
import { lanesOf, scheduleOf, upgradeIn } from './schedule.ts';
import { noticeBudgetMs, resolve, settingsOf } from './settings.ts';
import { edgeSuite } from './suite.ts';

const kind = (schema: z.ZodType<{ match?: string | undefined }>) =>
  linkFault({
    schema,
    holdMs: 3_000,
    cuts: true,
    host: ({ match }) => match === 'all',
    make: () => {
      throw new Error('nothing is injected here');
    },
  });
const plain = kind(
  z.strictObject({
    match: z.string().optional(),
    direction: z.string().optional(),
    share: z.number().optional(),
  }),
);
const kinds = {
  'network/checksum-corruption': plain,
  'network/offload-defect': plain,
  'network/partition': { ...plain, makeOnFound: () => expect.fail('nothing is injected here') },
  'network/tunnel-restart': plain,
};

const planOf = (edge: object, more: object = {}) =>
  Plan.parse({ suites: [{ name: 'edge', ...edge }], ...more });

/** What a plan's mistakes are said to be. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof OrdealError && error.code === 'PLAN_INVALID') return error.format();
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a plan of suite edge', () => {
  describe('on someone’s cluster', () => {
    const theirs = (edge: object = {}, cluster: object = {}, profile = 'as-is') =>
      planOf(edge, { profile, cluster: { provider: 'existing', ...cluster } });

    it('takes the links as they are: no profile, remedy or fault that would change them', () => {
      expect(refusal(() => resolve(theirs({}, {}, 'hardened'))))
        .to.contain('profile: expected as-is')
        .and.contain('suites.0.remedies.offloadOff: expected leave')
        .and.contain('suites.0.remedies.keepalive: expected leave')
        .and.contain('suites.0.remedies.watchdog: expected false');
      expect(refusal(() => resolve(theirs({}, { inCluster: true })))).to.contain('cluster.inCluster');
      expect(refusal(() => resolve(theirs({}, { isolation: 'netns' })))).to.contain('cluster.isolation');
      const cut = theirs({ faults: [{ kind: 'network/offload-defect' }] });
      expect(refusal(() => scheduleOf(resolve(cut), kinds))).to.match(/faults\.0\.kind: .*somebody’s/);
    });

    it('has one edge node, or all but one of those that it names, and the faults that touch nothing else', () => {
      const nodes = (cluster: object) => settingsOf(resolve(theirs({}, cluster))).settings.nodes;
      expect(nodes({})).to.equal(1);
      expect(nodes({ nodes: ['a', 'b', 'cloud'] })).to.equal(2);
      const resolved = resolve(theirs());
      expect(scheduleOf(resolved, kinds).map(({ kind }) => kind)).to.deep.equal([
        'network/partition',
        'network/broker-restart',
      ]);
      expect(settingsOf(resolved).remedies).to.include({ offloadOff: 'leave', keepalive: 'leave' });
    });
  });

  it('has the incident’s remedies off and the hardened profile’s on', () => {
    const incident = settingsOf(resolve(planOf({}, { profile: 'incident' }))).remedies;
    expect(incident).to.deep.equal({
      offloadOff: false,
      keepalive: false,
      probes: false,
      watchdog: false,
      offlineStore: false,
    });
    const hardened = settingsOf(resolve(planOf({}))).remedies;
    expect(hardened).to.include({ offloadOff: true, keepalive: 20, probes: true, watchdog: true });
  });

  it('takes each remedy as a switch of its own, and its level’s load', () => {
    const { remedies, settings } = settingsOf(
      resolve(planOf({ remedies: { offloadOff: true } }, { profile: 'incident', level: 'release' })),
    );
    expect(remedies).to.include({ offloadOff: true, keepalive: false });
    expect(settings.messages).to.equal(30_000);
  });

  it('is whole once it is resolved, and resolving it again changes nothing', () => {
    const resolved = resolve(planOf({ settings: { probeTimeout: '2s' } }));
    expect(resolve(resolved)).to.deep.equal(resolved);
    expect(settingsOf(resolved).settings.probeTimeout).to.equal(2_000);
  });

  it('asks K3s, and it alone, for a tunnel below the pod network, and for the incident’s five agents', () => {
    const clusterOn = (provider: string) => resolve(planOf({}, { cluster: { provider } })).cluster;
    expect(clusterOn('k3s')).to.include({ tunnel: true, workers: 5 });
    expect(clusterOn('kind')).to.include({ tunnel: false });
    expect(clusterOn('embedded')).to.include({ tunnel: false });
  });

  it('names each mistake by its path', () => {
    const said = refusal(() => resolve(planOf({ settings: { rate: 0 }, remedies: { keepalive: 'often' } })));
    expect(said)
      .to.match(/suites\.0\.settings\.rate/)
      .and.match(/suites\.0\.remedies\.keepalive/);
    expect(refusal(() => resolve(planOf({ settings: { protocol: 5 } })))).to.match(/settings\.protocol/);
  });

  it('has room in its partition for the orchestrator to notice, and none for the watchdog to make it longer', () => {
    const resolved = resolve(planOf({}));
    for (const plan of [resolved, resolve(planOf({}, { cluster: { isolation: 'uml' } }))]) {
      const { settings } = settingsOf(plan);
      const partition = scheduleOf(plan, kinds).find(({ kind: name }) => name === 'network/partition');
      expect(partition?.holdMs).to.be.at.least(noticeBudgetMs(settings) + 1_000);
      expect(partition?.holdMs).to.be.at.most(settings.watchdogDeafAfter - 1_000);
    }
    expect(requirements(resolved).map(({ id }) => id)).to.deep.equal(
      [1, 2, 3, 4, 5, 6].map((number) => `EDGE-${number}`),
    );
  });
});

describe('the schedule', () => {
  const schedule = (faults: object[]) => scheduleOf(planOf({ faults }), kinds);

  it('gives each fault the next link, a name of its own, and what it is held for', () => {
    const faults = schedule([
      { kind: 'network/partition', with: { for: '4s' } },
      { kind: 'network/broker-restart' },
      { kind: 'network/partition', with: { match: 'all' } },
      { kind: 'network/offload-defect', with: { link: 0 } },
    ]);
    expect(faults.map(({ id, link, holdMs }) => [id, link, holdMs])).to.deep.equal([
      ['partition-1', 0, 4_000],
      ['broker-restart-1', undefined, 2_000],
      ['partition-2', 1, 3_000],
      ['offload-defect-1', 0, 3_000],
    ]);
    expect(faults[2]?.parameters).to.deep.equal({ match: 'all' });
    expect(lanesOf(faults, 2).map((lane) => lane.map(({ id }) => id))).to.deep.equal([
      ['partition-1', 'offload-defect-1'],
      ['partition-2'],
    ]);
    expect(lanesOf(faults, 1)).to.have.length(1);
  });

  it('refuses a kind that there is not, a wrong parameter, and a link of the broker’s', () => {
    const said = refusal(() =>
      schedule([
        { kind: 'network/flood' },
        { kind: 'network/partition', with: { match: 4 } },
        { kind: 'network/partition', with: { for: 'a while' } },
        { kind: 'network/broker-restart', with: { link: 1 } },
      ]),
    );
    expect(said)
      .to.match(/faults\.0\.kind/)
      .and.match(/faults\.1\.with\.match/)
      .and.match(/faults\.2\.with\.for/)
      .and.match(/faults\.3\.with\.link/);
  });

  describe('that upgrades the cluster', () => {
    const upgrade = (to: string) => ({ kind: 'cluster/upgrade', with: { to } });
    const onKind = (faults: object[], more: object = {}) =>
      resolve(
        planOf({ faults }, { cluster: { provider: 'kind', kubernetes: '1.33.13', workers: 2 }, ...more }),
      );
    const parts = { openNetwork: async () => expect.fail('nothing is opened here'), faults: kinds };

    it('has a fault for each node, after those of the links', () => {
      const plan = onKind([upgrade('v1.34.4'), { kind: 'network/partition' }]);
      expect(edgeSuite(parts).scheduledFaults(plan)).to.deep.equal([
        'partition-1',
        ...['upgrade-1', 'upgrade-2', 'upgrade-3'],
      ]);
      expect(upgradeIn(plan)).to.deep.equal({ to: '1.34.4' });
      expect(upgradeIn(onKind([]))).to.equal(undefined);
    });

    it('is refused by its path: elsewhere, twice, to no version, backwards, and where another suite has done it', () => {
      const said = (plan: Plan) => refusal(() => scheduleOf(plan, kinds));
      const path = 'suites.0.faults.0.with.to';
      expect(said(resolve(planOf({ faults: [upgrade('1.34.4')] }))))
        .to.contain(path)
        .and.contain('clusters of kind');
      expect(said(onKind([upgrade('1.34.4'), upgrade('1.34.4')]))).to.match(/faults\.1: .*scheduled twice/);
      expect(said(onKind([upgrade('newest')])))
        .to.contain(path)
        .and.contain('expected a version');
      expect(said(onKind([upgrade('1.32.9')])))
        .to.contain(path)
        .and.contain('no way back');
      const both = { suites: [{ name: 'gpu', faults: [upgrade('1.34.4')] }] };
      const second = onKind([upgrade('1.34.4')]);
      expect(said({ ...second, suites: [...Plan.parse(both).suites, ...second.suites] }))
        .to.contain('suites.1.faults.0.with.to')
        .and.contain('suite gpu upgrades the cluster before');
    });
  });
});
