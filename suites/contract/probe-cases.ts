import type { V1Pod, V1Probe } from '@kubernetes/client-node';
import { expect } from 'chai';
import { type Bench, refused } from './bench.ts';
import type { Early } from './lab.ts';
import { RawWatch } from './watching.ts';

/** Listens at the pod's own address; its first attempt serves two connections, then is deaf until SIGTERM. */
const BROKER = `
  const { existsSync, writeFileSync } = require('node:fs');
  const been = (process.env.ORDEAL_ROOT ?? '') + '/opt/tries/been';
  const again = existsSync(been);
  writeFileSync(been, '');
  let served = 0;
  const server = require('node:net').createServer((socket) => {
    socket.on('error', () => {}).end();
    served += 1;
    if (!again && served === 2) server.close();
  });
  server.listen(1883, process.env.POD_IP);
  setInterval(() => {}, 1000);
  process.on('SIGTERM', () => process.exit(9));`;

/** Answers its first two requests with 503. */
const SITE = `
  let answered = 0;
  require('node:http').createServer((request, response) => {
    const { 'user-agent': agent, 'x-probe': probe } = request.headers;
    console.log(request.method, request.url, agent, probe);
    answered += 1;
    response.writeHead(answered > 2 ? 200 : 503).end();
  }).listen(8080, process.env.POD_IP);
  process.on('SIGTERM', () => process.exit(0));`;

/** A shell's lines that count its own runs in a file: `$n`. */
const COUNT = `f="$ORDEAL_ROOT/opt/tries/count"
  n=$(($(cat "$f" 2>/dev/null || echo 0) + 1)); echo "$n" >"$f"`;

/** What the suites rely on in the kubelet's probes. */
export function declareProbes(early: Early): void {
  describe('probes', () => {
    let bench: Bench;
    let watch: RawWatch;

    const tries = [{ name: 'tries', mountPath: '/opt/tries' }];
    const podIp = { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } };
    const program = (source: string) => ({
      script: 'exec node -e "$PROGRAM"',
      env: [podIp, { name: 'PROGRAM', value: source }],
    });
    const shell = (script: string): V1Probe => ({ exec: { command: ['sh', '-c', script] } });
    /** Often, and patient with a machine that is busy. */
    const often = { periodSeconds: 1, timeoutSeconds: 20 };

    /** What a pod's running container was, change by change. */
    const story = (name: string, word: (pod: V1Pod) => string | undefined) =>
      watch.seen
        .filter(({ object }) => object.metadata?.name === name)
        .flatMap(({ object }) => {
          const pod = object as unknown as V1Pod;
          return pod.status?.containerStatuses?.[0]?.state?.running ? [word(pod)] : [];
        })
        .filter((said, index, all) => said !== all[index - 1]);
    const readiness = ({ status }: V1Pod) => {
      const holds = (type: string) =>
        status?.conditions?.find((condition) => condition.type === type)?.status === 'True';
      const all = [status?.containerStatuses?.[0]?.ready, holds('ContainersReady'), holds('Ready')];
      return all.every((one) => one) ? 'ready' : all.some((one) => one) ? 'between' : 'unready';
    };

    /** Until the watch has told so of a pod: whoever asks for the pod may know of it earlier. */
    const watched = async (name: string, word: string) =>
      await watch.until(`${name} ${word}`, () => story(name, readiness).includes(word), bench.deadlineMs);

    early(async (lab) => {
      bench = await lab.bench('probes');
      watch = await RawWatch.open(lab.kube, `/api/v1/namespaces/${bench.namespace}/pods`, {});
      const gate = `${COUNT}; case $n in 2|4|5|7) exit 0;; *) exit 1;; esac`;
      const startup = `${COUNT}; [ "$n" -ge 3 ] && touch "$ORDEAL_ROOT/opt/tries/up"`;
      await Promise.all(
        [
          {
            name: 'gated',
            volumes: tries,
            probes: {
              readinessProbe: { ...shell(gate), ...often, successThreshold: 2, failureThreshold: 2 },
            },
          },
          {
            name: 'mended',
            ...program(BROKER),
            restartPolicy: 'Always' as const,
            graceSeconds: 30,
            volumes: tries,
            ports: [{ name: 'mqtt', containerPort: 1883 }],
            probes: {
              startupProbe: { tcpSocket: { port: 1883 }, ...often, failureThreshold: 240 },
              livenessProbe: { tcpSocket: { port: 'mqtt' }, ...often, failureThreshold: 2 },
            },
          },
          {
            name: 'final',
            script: "trap 'told=still' TERM; while :; do sleep 0.2; echo $told; done",
            graceSeconds: 3,
            probes: {
              livenessProbe: {
                exec: { command: ['false'] },
                ...often,
                initialDelaySeconds: 3,
                failureThreshold: 1,
                terminationGracePeriodSeconds: 90,
              },
            },
          },
          {
            name: 'served',
            ...program(SITE),
            ports: [{ name: 'web', containerPort: 8080 }],
            probes: {
              readinessProbe: {
                httpGet: {
                  path: '/ready?full=1',
                  port: 'web',
                  httpHeaders: [{ name: 'X-Probe', value: 'contract' }],
                },
                ...often,
              },
            },
          },
          {
            name: 'held-back',
            restartPolicy: 'Always' as const,
            volumes: tries,
            probes: {
              startupProbe: { ...shell(startup), ...often, failureThreshold: 240 },
              livenessProbe: {
                ...shell('test -e "$ORDEAL_ROOT/opt/tries/up"'),
                ...often,
                failureThreshold: 1,
              },
            },
          },
          {
            name: 'overdue',
            probes: { readinessProbe: { exec: { command: ['sleep', '20'] }, periodSeconds: 1 } },
          },
        ].map(async (shape) => await bench.create(shape)),
      );
    });

    after(() => watch?.close());

    it('a probe has the API’s defaults', async () => {
      const { spec } = await bench.get('overdue');
      expect(spec?.containers[0]?.readinessProbe).to.include({
        periodSeconds: 1,
        timeoutSeconds: 1,
        successThreshold: 1,
        failureThreshold: 3,
      });
      const web = (await bench.get('served')).spec?.containers[0]?.readinessProbe;
      expect(web?.httpGet?.scheme).to.equal('HTTP');
    });

    it('one without a handler, and a liveness that wants two successes, are refused, 422', async () => {
      const bare = bench.create({ name: 'bare', probes: { readinessProbe: { periodSeconds: 1 } } });
      expect((await refused(bare)).status).to.equal(422);
      const livenessProbe = { ...shell('true'), successThreshold: 2 };
      const twice = await refused(bench.create({ name: 'twice', probes: { livenessProbe } }));
      expect(twice.status).to.equal(422);
      expect(twice.body).to.contain('must be 1');
    });

    it('readiness turns with its thresholds, both ways, and restarts nothing', async () => {
      await watch.until(
        'a story of three parts',
        () => story('gated', readiness).filter((word) => word !== 'between').length >= 3,
        bench.deadlineMs,
      );
      expect(story('gated', readiness)).to.deep.equal(['unready', 'ready', 'unready']);
      const { status } = await bench.get('gated');
      expect(status?.containerStatuses?.[0]).to.include({ restartCount: 0, started: true });
      for (const type of ['ContainersReady', 'Ready']) {
        expect(status?.conditions?.find((condition) => condition.type === type)).to.include({
          status: 'False',
          reason: 'ContainersNotReady',
          message: 'containers with unready status: [main]',
        });
      }
      const [event] = await bench.events('gated', 'Unhealthy', /^Readiness probe failed:/);
      expect(event).to.include({ type: 'Warning' });
      await bench.remove('gated');
    });

    it('httpGet: by a port’s name, with path, headers and the kubelet’s agent; 503 is a failure', async () => {
      await watched('served', 'ready');
      expect(story('served', readiness)).to.deep.equal(['unready', 'ready']);
      expect(await bench.log('served')).to.match(/^GET \/ready\?full=1 kube-probe\/1\.\d+ contract$/m);
      const unavailable = await bench.events('served', 'Unhealthy', /statuscode: 503/);
      expect(unavailable.map(({ message }) => message)).to.include(
        'Readiness probe failed: HTTP probe failed with statuscode: 503',
      );
      await bench.remove('served');
    });

    it('an exec that takes longer than its timeout has failed', async () => {
      await bench.running('overdue');
      await bench.events('overdue', 'Unhealthy', /^Readiness probe failed: .*timed out/);
      await watched('overdue', 'unready');
      expect(story('overdue', readiness)).to.deep.equal(['unready']);
      await bench.remove('overdue');
    });

    it('tcpSocket: a liveness that fails ends the container by SIGTERM and starts it again', async () => {
      const mended = await bench.until('mended', 'running again', ({ status }) => {
        const main = status?.containerStatuses?.[0];
        // A kubelet may tell of the new container a status earlier than of the one before it.
        const told = main?.lastState?.terminated !== undefined;
        return told && main?.restartCount === 1 && main.state?.running !== undefined && main.started === true;
      });
      expect(mended.status?.containerStatuses?.[0]?.lastState?.terminated).to.include({
        exitCode: 9,
        reason: 'Error',
      });
      const unhealthy = await bench.events('mended', 'Unhealthy', /^Liveness/);
      const messages = unhealthy.map(({ message }) => message ?? '');
      expect(messages.find((message) => message.startsWith('Liveness'))).to.match(
        /^Liveness probe failed: dial tcp [\d.]+:1883: connect: connection refused$/,
      );
      const [killing] = await bench.events('mended', 'Killing');
      expect(killing?.message).to.equal('Container main failed liveness probe, will be restarted');
      await bench.remove('mended');
    });

    it('restartPolicy Never: it ends the pod, with the pod’s grace and not the probe’s, after the initial delay', async () => {
      const { status } = await bench.phase('final', 'Failed');
      const main = status?.containerStatuses?.[0];
      expect(main?.restartCount).to.equal(0);
      expect(main?.state?.terminated?.exitCode).to.equal(137);
      // SIGTERM came, and it lived on: when exactly the shell got round to saying so is the machine's affair.
      const told = await bench.saidAt('final', 'still');
      const { startedAt, finishedAt } = main?.state?.terminated ?? {};
      expect(told - Number(startedAt)).to.be.at.least(3_000);
      expect(Number(finishedAt) - told).to.be.below(45_000);
      const [killing] = await bench.events('final', 'Killing');
      expect(killing?.message).to.equal('Stopping container main');
    });

    it('a startup probe keeps the others back, and the pod unready, until it succeeds', async () => {
      await watched('held-back', 'ready');
      expect(story('held-back', readiness)).to.deep.equal(['unready', 'ready']);
      const { status } = await bench.get('held-back');
      expect(status?.containerStatuses?.[0]).to.include({ restartCount: 0, started: true, ready: true });
      await bench.remove('held-back');
    });
  });
}
