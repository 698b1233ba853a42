import type { V1PodStatus } from '@kubernetes/client-node';
import { expect } from 'chai';
import { systemClock } from '../../harness/clock/clock.ts';
import { TO_BE_HEARD } from '../heard.ts';
import { type Bench, HOLD, LASTING, LASTING_GRACE_S, refused } from './bench.ts';
import { background, type Early, type Lab } from './lab.ts';

/** A pod's life as its status, log and events tell it. */
export function declarePods(getLab: () => Lab, early: Early): void {
  describe('pods', () => {
    let bench: Bench;
    let stubborn: Promise<number>;
    let secondTry: Promise<{ status: V1PodStatus | undefined; earlier: string; now: string }>;
    const core = () => bench.kube.core;

    early(async (lab) => {
      bench = await lab.bench('pods');
      await core().createNamespacedConfigMap({
        namespace: bench.namespace,
        body: { metadata: { name: 'script' }, data: { 'probe.sh': 'echo "from the ConfigMap"' } },
      });
      const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
      const deaf = "trap '' TERM; echo trapped; while :; do sleep 1; done";
      await Promise.all(
        [
          { name: 'plain', script: 'echo done' },
          { name: 'failing', script: 'exit 7' },
          { name: 'ready' },
          { name: 'in-order', init: { script: 'sleep 1' }, script: 'true' },
          { name: 'no-entry', init: { script: 'exit 3' }, script: 'echo never' },
          {
            name: 'informed',
            script: `echo "$POD_NAMESPACE/$POD_NAME $POD_UID $NODE"; sh "$ORDEAL_ROOT/opt/probe/probe.sh"; ${TO_BE_HEARD}`,
            env: [
              field('POD_NAME', 'metadata.name'),
              field('POD_NAMESPACE', 'metadata.namespace'),
              field('POD_UID', 'metadata.uid'),
              field('NODE', 'spec.nodeName'),
            ],
            volumes: [{ name: 'probe', configMap: 'script', mountPath: '/opt/probe' }],
          },
          { name: 'talker', script: 'echo one; sleep 1; echo two >&2; echo three' },
          {
            name: 'graceful',
            script: LASTING,
            graceSeconds: LASTING_GRACE_S,
          },
          { name: 'forced', script: deaf, graceSeconds: 60 },
          { name: 'stubborn', script: deaf },
          { name: 'told' },
          { name: 'drawn', onNodes: ['not-a-node', lab.node.name] },
          { name: 'astray', onNodes: ['not-a-node'] },
          { name: 'unschedulable', devices: ['contract.ordeal.dev/none', 1] as [string, number] },
        ].map(async (shape) => await bench.create(shape)),
      );
      secondTry = background(async () => {
        await bench.create({
          name: 'second-try',
          restartPolicy: 'OnFailure',
          // The second attempt stays: once it ended too, which log is the previous one would depend on when one asks.
          script: `been="$ORDEAL_ROOT/opt/tries/been"
            if [ ! -e "$been" ]; then touch "$been"; echo "attempt 1"; ${TO_BE_HEARD}; exit 1; fi
            echo "attempt 2"; ${HOLD}`,
          volumes: [{ name: 'tries', mountPath: '/opt/tries' }],
        });
        const { status } = await bench.until('second-try', 'running again', (pod) => {
          const main = pod.status?.containerStatuses?.[0];
          // A kubelet may tell of the new container a status earlier than of the one before it.
          const told = main?.lastState?.terminated !== undefined;
          return told && main?.restartCount === 1 && main.state?.running !== undefined;
        });
        const now = await bench.said('second-try', 'attempt');
        const earlier = await core().readNamespacedPodLog({
          namespace: bench.namespace,
          name: 'second-try',
          previous: true,
        });
        return { status, earlier, now };
      });
      stubborn = background(async () => {
        await bench.running('stubborn');
        // It runs before its shell has read that it is to be deaf.
        await bench.said('stubborn', 'trapped');
        const asked = systemClock.mono();
        await bench.ask('stubborn', 3);
        await bench.gone('stubborn');
        return systemClock.mono() - asked;
      });
    });

    it('runs to Succeeded, with times, exit code and node in its status', async () => {
      const { spec, status } = await bench.phase('plain', 'Succeeded');
      expect(spec?.nodeName).to.be.oneOf(getLab().cluster.nodeNames);
      expect(status?.startTime).to.be.instanceOf(Date);
      const main = status?.containerStatuses?.[0];
      expect(main?.restartCount).to.equal(0);
      expect(main?.containerID).to.match(/^[a-z]+:\/\/.+/);
      const terminated = main?.state?.terminated;
      expect(terminated).to.include({ exitCode: 0, reason: 'Completed' });
      expect(Number(terminated?.finishedAt)).to.be.at.least(Number(terminated?.startedAt));
    });

    it('a container that fails makes the pod Failed, with its exit code', async () => {
      const { status } = await bench.phase('failing', 'Failed');
      expect(status?.containerStatuses?.[0]?.state?.terminated).to.include({ exitCode: 7, reason: 'Error' });
    });

    it('conditions: scheduled, initialized, ready while it runs', async () => {
      await bench.running('ready');
      const { status } = await bench.until('ready', 'ready', (pod) =>
        (pod.status?.conditions ?? []).some(
          ({ type, status: value }) => type === 'Ready' && value === 'True',
        ),
      );
      const conditions = new Map(status?.conditions?.map(({ type, status: value }) => [type, value]));
      for (const type of ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready']) {
        expect(conditions.get(type), type).to.equal('True');
      }
      await bench.remove('ready');
    });

    it('an init container ends before the main one starts', async () => {
      const { status } = await bench.phase('in-order', 'Succeeded');
      const init = status?.initContainerStatuses?.[0]?.state?.terminated;
      const main = status?.containerStatuses?.[0]?.state?.terminated;
      expect(init?.exitCode).to.equal(0);
      expect(Number(main?.startedAt)).to.be.at.least(Number(init?.finishedAt));
    });

    it('an init container that fails keeps the main one from starting', async () => {
      const { status } = await bench.phase('no-entry', 'Failed');
      expect(status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode).to.equal(3);
      expect(status?.containerStatuses?.[0]?.state?.terminated).to.equal(undefined);
      expect(status?.containerStatuses?.[0]?.state?.waiting?.reason).to.equal('PodInitializing');
    });

    it('environment from the pod’s own fields, and a file from a ConfigMap', async () => {
      await bench.phase('informed', 'Succeeded');
      const { metadata, spec } = await bench.get('informed');
      expect(await bench.log('informed')).to.equal(
        `${bench.namespace}/informed ${metadata?.uid} ${spec?.nodeName}\nfrom the ConfigMap\n`,
      );
    });

    it('the log of an ended pod is readable, with the runtime’s stamps, and its tail', async () => {
      const { metadata } = await bench.phase('talker', 'Succeeded');
      const read = async (more: { timestamps?: boolean; tailLines?: number }) =>
        await core().readNamespacedPodLog({ namespace: bench.namespace, name: 'talker', ...more });
      const lines = (await read({ timestamps: true })).trimEnd().split('\n');
      const stamped = lines.map((line) => /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}\S+) (.*)$/.exec(line));
      expect(stamped.map((match) => match?.[2])).to.have.members(['one', 'two', 'three']);
      const [one, two] = ['one', 'two'].map((text) =>
        Date.parse(stamped.find((match) => match?.[2] === text)?.[1] ?? ''),
      ) as [number, number];
      expect(one).to.be.within(Number(metadata?.creationTimestamp), systemClock.wall());
      expect(two - one).to.be.within(500, 15_000);
      expect(await read({ tailLines: 1 })).to.be.oneOf(['two\n', 'three\n']);
    });

    it('a container that has not started has no log yet, 400', async () => {
      await bench.create({ name: 'silent', init: { script: HOLD }, script: 'true' });
      await bench.until('silent', 'initializing', ({ status }) =>
        (status?.initContainerStatuses ?? []).some(({ state }) => state?.running !== undefined),
      );
      const outcome = await refused(bench.log('silent'));
      expect(outcome.status).to.equal(400);
      expect(JSON.parse(outcome.body).message).to.equal(
        'container "main" in pod "silent" is waiting to start: PodInitializing',
      );
      await bench.remove('silent');
    });

    it('a followed log ends with its container', async () => {
      await bench.create({ name: 'followed', script: 'echo start; sleep 1; echo end' });
      await bench.said('followed', 'start');
      const log = await core().readNamespacedPodLog({
        namespace: bench.namespace,
        name: 'followed',
        follow: true,
      });
      expect(log).to.equal('start\nend\n');
    });

    it('restartPolicy OnFailure: the next attempt counts, the previous log stays readable', async () => {
      const { status, earlier, now } = await secondTry;
      expect(status?.phase).to.equal('Running');
      expect(status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).to.equal(1);
      expect([earlier, now].map((log) => log?.trim())).to.deep.equal(['attempt 1', 'attempt 2']);
    });

    it('a deletion is announced, SIGTERM comes first and the object goes once the container ended', async () => {
      await bench.running('graceful');
      await bench.said('graceful', 'trapped');
      const asked = systemClock.mono();
      await bench.ask('graceful', 60);
      const { metadata } = await bench.get('graceful');
      expect(metadata?.deletionTimestamp).to.be.instanceOf(Date);
      expect(metadata?.deletionGracePeriodSeconds).to.equal(60);
      await bench.gone('graceful');
      expect(systemClock.mono() - asked).to.be.within(2_900, 30_000);
    });

    it('a container deaf to SIGTERM is killed when its grace is over', async () => {
      expect(await stubborn).to.be.within(2_900, 45_000);
    });

    it('grace 0 takes the object away at once', async () => {
      await bench.running('forced');
      const asked = systemClock.mono();
      await bench.ask('forced', 0);
      await bench.gone('forced');
      expect(systemClock.mono() - asked).to.be.below(20_000);
    });

    it('a pod that fits nowhere says so in its condition and an event', async () => {
      const { status, spec } = await bench.until('unschedulable', 'found unschedulable', (pod) =>
        (pod.status?.conditions ?? []).some(({ type }) => type === 'PodScheduled'),
      );
      const condition = status?.conditions?.find(({ type }) => type === 'PodScheduled');
      expect(condition).to.include({ status: 'False', reason: 'Unschedulable' });
      expect(condition?.message).to.match(
        /^0\/\d+ nodes are available: .*Insufficient contract\.ordeal\.dev\/none/,
      );
      expect(status?.phase).to.equal('Pending');
      expect(spec?.nodeName).to.equal(undefined);
      expect((await bench.events('unschedulable', 'FailedScheduling'))[0]).to.include({ type: 'Warning' });
      await bench.remove('unschedulable');
    });

    it('node affinity leaves the nodes that it names, or none', async () => {
      expect((await bench.running('drawn')).spec?.nodeName).to.equal(getLab().node.name);
      const { status } = await bench.until('astray', 'found unschedulable', (pod) =>
        (pod.status?.conditions ?? []).some(({ type }) => type === 'PodScheduled'),
      );
      expect(status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message).to.match(
        /^0\/\d+ nodes are available: .*node\(s\) didn't match Pod's node affinity\/selector/,
      );
      await Promise.all(['drawn', 'astray'].map((name) => bench.remove(name)));
    });

    it('events tell who was scheduled where and started', async () => {
      const { metadata, spec } = await bench.running('told');
      const [scheduled] = await bench.events('told', 'Scheduled');
      expect(scheduled?.message).to.equal(
        `Successfully assigned ${bench.namespace}/told to ${spec?.nodeName}`,
      );
      expect(scheduled?.involvedObject).to.include({ kind: 'Pod', uid: metadata?.uid });
      for (const reason of ['Pulled', 'Created', 'Started']) {
        expect((await bench.events('told', reason))[0]).to.include({ type: 'Normal' });
      }
      await bench.remove('told');
    });
  });
}
