import { expect } from 'chai';
import { TO_BE_HEARD } from '../heard.ts';
import { type Bench, HOLD } from './bench.ts';
import type { Early, Lab } from './lab.ts';
import { answerOf, type ProbePlugin } from './probe-plugin.ts';

/** The calls that one pod causes, in order, and what of their answers reaches the container. */
export function declareAllocation(getLab: () => Lab, early: Early): void {
  describe('allocation', () => {
    let bench: Bench;
    let plugin: ProbePlugin;
    let folder: string;
    /** The calls that one pod causes, itself created and awaited by `act`. */
    const during = async (act: () => Promise<unknown>) => {
      const before = plugin.calls.length;
      await act();
      return plugin.calls.slice(before);
    };
    const story = (calls: typeof plugin.calls) => calls.map(({ method }) => method);

    early(async (lab) => {
      plugin = await lab.plugin('order', 4, { preferred: true, preStart: true });
      const made = await lab.node.exec(['mktemp', '-d', '/tmp/ordeal-contract-XXXXXX']);
      folder = made.stdout.trim();
      await lab.node.exec(['sh', '-c', `chmod 755 ${folder}; echo "from the node" >${folder}/token`]);
    });

    before(async () => {
      bench = await getLab().bench('allocation');
      await getLab().allocatable(plugin.resource, 4);
    });

    afterEach(() => {
      plugin.behaviour = {};
    });

    after(async () => {
      await getLab().node.exec(['rm', '-r', folder]);
    });

    it('GetPreferredAllocation, Allocate, PreStartContainer, then the container’s first act', async () => {
      plugin.behaviour.preferred = () => ['order-2'];
      let spoke = 0;
      const calls = await during(async () => {
        await bench.create({
          name: 'ordered',
          script: `echo "got $CONTRACT_DEVICES"; ${TO_BE_HEARD}`,
          devices: [plugin.resource, 1],
        });
        await bench.phase('ordered', 'Succeeded');
        spoke = await bench.saidAt('ordered', 'got order-2');
      });
      expect(story(calls)).to.deep.equal(['GetPreferredAllocation', 'Allocate', 'PreStartContainer']);
      const [preferred, allocate, preStart] = calls;
      expect(preferred?.preferred).to.deep.equal({
        available: ['order-0', 'order-1', 'order-2', 'order-3'],
        mustInclude: [],
        size: 1,
      });
      expect(allocate?.containers).to.deep.equal([['order-2']]);
      expect(preStart?.containers).to.deep.equal([['order-2']]);
      expect(allocate?.asked).to.be.at.least(preferred?.answered as number);
      expect(preStart?.asked).to.be.at.least(allocate?.answered as number);
      expect(spoke).to.be.at.least(preStart?.answeredWall as number);
    });

    it('environment, mounts and devices are what the container sees; annotations do no harm', async () => {
      plugin.behaviour.allocate = async (devices) => [
        {
          ...answerOf(devices),
          mounts: [{ container_path: '/run/contract', host_path: folder, read_only: true }],
          devices: [{ container_path: '/dev/contract0', host_path: '/dev/null', permissions: 'rw' }],
          annotations: { 'contract.ordeal.dev/note': 'given by Allocate' },
        },
      ];
      const log = await bench.finish({
        name: 'equipped',
        script: [
          'echo "$CONTRACT_DEVICES"',
          'read -r token <"$ORDEAL_ROOT/run/contract/token"; echo "$token"',
          'test -c "$ORDEAL_ROOT/dev/contract0" && echo "a character device"',
          'echo swallowed >"$ORDEAL_ROOT/dev/contract0" && echo writable',
          TO_BE_HEARD,
        ].join('\n'),
        devices: [plugin.resource, 1],
      });
      expect(log).to.match(/^order-\d\nfrom the node\na character device\nwritable\n$/);
    });

    it('the pod’s own environment wins over what Allocate gives', async () => {
      const log = await bench.finish({
        name: 'opinionated',
        script: `echo "$CONTRACT_DEVICES"; ${TO_BE_HEARD}`,
        devices: [plugin.resource, 1],
        env: [{ name: 'CONTRACT_DEVICES', value: 'my own' }],
      });
      expect(log).to.equal('my own\n');
    });

    it('several devices of one container come in one call', async () => {
      const calls = await during(
        async () => await bench.finish({ name: 'pair', script: 'true', devices: [plugin.resource, 2] }),
      );
      const allocates = calls.filter(({ method }) => method === 'Allocate');
      expect(allocates).to.have.length(1);
      expect(new Set(allocates[0]?.containers?.[0]).size).to.equal(2);
      expect(calls.find(({ method }) => method === 'GetPreferredAllocation')?.preferred?.size).to.equal(2);
    });

    it('each container of a pod is one call, with devices of its own', async () => {
      const calls = await during(async () => {
        await bench.finish({
          name: 'two',
          script: 'true',
          devices: [plugin.resource, 1],
          sidekick: { script: 'true', devices: [plugin.resource, 1] },
        });
      });
      for (const method of ['Allocate', 'PreStartContainer']) {
        const containers = calls.filter((call) => call.method === method).map((call) => call.containers);
        expect(containers.map((request) => request?.length)).to.deep.equal([1, 1]);
        expect(new Set(containers.flat(2)).size).to.equal(2);
      }
    });

    it('all of a pod’s containers are allocated before any of them starts', async () => {
      const calls = await during(async () => {
        await bench.finish({
          name: 'whole',
          init: { script: 'sleep 1', devices: [plugin.resource, 1] },
          script: 'true',
          devices: [plugin.resource, 1],
        });
      });
      expect(story(calls).filter((method) => method !== 'GetPreferredAllocation')).to.deep.equal([
        'Allocate',
        'Allocate',
        'PreStartContainer',
        'PreStartContainer',
      ]);
    });

    it('the init container comes first and the main one gets its devices', async () => {
      const calls = await during(async () => {
        await bench.create({
          name: 'handed-on',
          init: { script: `echo "init $CONTRACT_DEVICES"; ${TO_BE_HEARD}`, devices: [plugin.resource, 1] },
          script: `echo "main $CONTRACT_DEVICES"; ${TO_BE_HEARD}`,
          devices: [plugin.resource, 2],
        });
        await bench.phase('handed-on', 'Succeeded');
      });
      const [init, main] = calls
        .filter(({ method }) => method === 'Allocate')
        .map(({ containers }) => containers?.[0]);
      expect(init).to.have.length(1);
      expect(main).to.have.length(2);
      expect(main).to.include(init?.[0]);
      expect(await bench.log('handed-on', 'init')).to.equal(`init ${init?.[0]}\n`);
      expect(await bench.log('handed-on')).to.equal(`main ${[...(main ?? [])].sort().join()}\n`);
    });

    it('a preference for a device that is not free is passed over', async () => {
      plugin.behaviour.preferred = () => ['order-0'];
      await bench.create({ name: 'holder', devices: [plugin.resource, 1] });
      await bench.running('holder');
      const log = await bench.finish({
        name: 'passed-over',
        script: `echo "$CONTRACT_DEVICES"; ${TO_BE_HEARD}`,
        devices: [plugin.resource, 1],
      });
      expect(log).to.match(/^order-[123]\n$/);
      await bench.remove('holder');
    });

    it('a container that starts again: PreStartContainer again, no Allocate, the same devices', async () => {
      const calls = await during(async () => {
        await bench.create({
          name: 'again',
          restartPolicy: 'OnFailure',
          // The second attempt stays: a third one would be a call more, and what is seen a moment only may be missed.
          script: `been="$ORDEAL_ROOT/opt/tries/been"; echo "attempt with $CONTRACT_DEVICES"
            if [ ! -e "$been" ]; then touch "$been"; exit 1; fi
            ${HOLD}`,
          devices: [plugin.resource, 1],
          volumes: [{ name: 'tries', mountPath: '/opt/tries' }],
        });
        await bench.until(
          'again',
          'started again',
          ({ status }) =>
            status?.containerStatuses?.[0]?.restartCount === 1 &&
            status.containerStatuses[0].state?.running !== undefined,
        );
      });
      expect(story(calls)).to.deep.equal([
        'GetPreferredAllocation',
        'Allocate',
        'PreStartContainer',
        'PreStartContainer',
      ]);
      const [device] = calls[1]?.containers?.[0] ?? [];
      expect(calls[2]?.containers).to.deep.equal([[device]]);
      expect(calls[3]?.containers).to.deep.equal([[device]]);
      expect(await bench.said('again', 'attempt')).to.equal(`attempt with ${device}\n`);
      await bench.remove('again');
    });
  });
}
