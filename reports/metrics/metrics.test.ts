import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import fc from 'fast-check';
import { freePort } from '../../harness/exec/free-port.ts';
import type { HistoryEvent } from '../../harness/history/event.ts';
import type { LiveMetrics, ReportContext } from '../../harness/run/ports.ts';
import { fault, hostileVerdict, requirement, verdictOf } from '../../harness/verdict/testing/sample.ts';
import type { Verdict } from '../../harness/verdict/verdict.ts';
import { reportAll } from '../multiplexer.ts';
import { faultHistory } from '../testing/history.ts';
import { parseOpenMetrics, reading, samplesIn } from '../testing/openmetrics.ts';
import { liveMetrics } from './live.ts';
import { metricsReporter } from './metrics.ts';

const RUN = '20240102-030405-abcd';

describe('metrics', () => {
  let outDir: string;
  beforeEach(() => {
    outDir = mkdtempSync(join(tmpdir(), 'ordeal-metrics-'));
  });
  afterEach(() => rmSync(outDir, { recursive: true }));

  const contextOf = (verdict: Verdict, history: readonly HistoryEvent[] = []): ReportContext => ({
    verdict,
    history,
    timeline: () => [],
    outDir,
    env: {},
    stdout: { write: () => true },
  });
  const snapshot = async (verdict: Verdict, history?: readonly HistoryEvent[]) => {
    expect(await metricsReporter.report(contextOf(verdict, history))).to.deep.equal([
      join(outDir, 'metrics.txt'),
    ]);
    return readFileSync(join(outDir, 'metrics.txt'), 'utf8');
  };

  describe('of a run that has ended', () => {
    it('say what it was of, each requirement’s state and figures, and what became of its faults', async () => {
      const text = await snapshot(
        verdictOf({
          verdict: 'fail',
          requirements: [
            requirement({ verdict: 'fail' }),
            requirement({
              id: 'GPU-4',
              measured: null,
              upperBound: null,
              verdict: 'inconclusive',
              skipped: true,
            }),
          ],
          faults: [fault(), fault({ id: 'bind-delay-2', healed: false })],
        }),
        faultHistory(),
      );
      const about = samplesIn(text).find(({ name }) => name === 'ordeal_run_info');
      expect(about).to.deep.equal({
        name: 'ordeal_run_info',
        value: 1,
        labels: {
          run: RUN,
          cluster: 'ordeal-1',
          provider: 'kind',
          evidence: 'real-kubernetes',
          kubernetes: '1.34.4',
          profile: 'hardened',
          level: 'release',
        },
      });
      expect(
        reading(text, 'ordeal_cluster_version_info', { component: 'containerd', version: '1.7.6' }),
      ).to.equal(1);
      expect(reading(text, 'ordeal_run_start_time_seconds')).to.equal(1_704_164_645);
      expect(reading(text, 'ordeal_run_end_time_seconds')).to.equal(1_704_164_765.5);
      const states = (name: string, labels: object) =>
        ['pass', 'fail', 'inconclusive', 'skipped'].map((verdict) =>
          reading(text, name, { ...labels, verdict }),
        );
      expect(states('ordeal_run_verdict', {})).to.deep.equal([0, 1, 0, undefined]);
      expect(states('ordeal_requirement_verdict', { requirement: 'GPU-1' })).to.deep.equal([0, 1, 0, 0]);
      expect(states('ordeal_requirement_verdict', { requirement: 'GPU-4' })).to.deep.equal([0, 0, 0, 1]);
      expect(reading(text, 'ordeal_requirement_measured', { requirement: 'GPU-1', unit: '%' })).to.equal(0);
      expect(reading(text, 'ordeal_requirement_measured', { requirement: 'GPU-4' })).to.equal(undefined);
      expect(reading(text, 'ordeal_faults_injected_total', { kind: 'gpu/bind-delay' })).to.equal(2);
      expect(reading(text, 'ordeal_faults_bit_total', { kind: 'gpu/bind-delay' })).to.equal(2);
      expect(reading(text, 'ordeal_faults_healed_total', { kind: 'gpu/bind-delay' })).to.equal(1);
      expect(reading(text, 'ordeal_run_phase', { phase: 'burst' })).to.equal(0);
      expect(reading(text, 'ordeal_events_total', { type: 'fault.bit' })).to.equal(1);
    });

    it('are OpenMetrics that read back, whatever the text in them', async () => {
      await fc.assert(
        fc.asyncProperty(hostileVerdict, async (verdict) => {
          const text = await snapshot(verdict, faultHistory());
          for (const { type, help } of parseOpenMetrics(text)) {
            expect(type).to.be.oneOf(['gauge', 'counter']);
            expect(help).to.match(/^[A-Z].*\.$/);
          }
          const [[component, version] = []] = Object.entries(verdict.cluster.versions);
          const found = samplesIn(text).map(({ labels }) => labels);
          expect(found.find((labels) => labels.cluster !== undefined)?.cluster).to.equal(
            asWritten(verdict.cluster.name),
          );
          expect(found.find((labels) => labels.component !== undefined)).to.include({
            component: asWritten(component),
            version: asWritten(version),
          });
        }),
        { numRuns: 50 },
      );
    });
  });

  describe('of a run that lives', () => {
    let live: LiveMetrics;
    let gateway: Server | undefined;
    afterEach(async () => {
      await live.close();
      gateway?.close();
      gateway = undefined;
    });
    const scraped = async () => await (await fetch(live.urls[0] as string)).text();
    const reported = (verdict: Verdict, logged: string[] = []) =>
      reportAll([live.reporter, metricsReporter], contextOf(verdict, faultHistory()), {
        error: (_: unknown, text?: string) => void logged.push(text ?? ''),
      });

    it('grow with its history, and end with its verdict, beside those of another run', async () => {
      live = await liveMetrics(['127.0.0.1:0']);
      expect(live.urls[0]).to.match(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
      expect(samplesIn(await scraped())).to.deep.equal([]);
      const history: HistoryEvent[] = [];
      live.follow(RUN, history);
      live.follow('other', faultHistory());
      expect(reading(await scraped(), 'ordeal_run_phase', { run: RUN })).to.equal(undefined);

      history.push(...faultHistory().slice(0, 4));
      const during = await scraped();
      expect(reading(during, 'ordeal_run_phase', { run: RUN, phase: 'burst' })).to.equal(1);
      expect(reading(during, 'ordeal_faults_bit_total', { run: RUN })).to.equal(1);
      expect(reading(during, 'ordeal_faults_healed_total', { run: RUN })).to.equal(0);
      expect(reading(during, 'ordeal_events_total', { run: RUN, type: 'fault.bit' })).to.equal(1);
      expect(reading(during, 'ordeal_run_verdict', { run: RUN, verdict: 'pass' })).to.equal(undefined);
      expect(reading(during, 'ordeal_run_end_time_seconds', { run: RUN })).to.equal(undefined);

      history.push(...faultHistory().slice(4));
      const after = await scraped();
      expect(reading(after, 'ordeal_run_phase', { run: RUN, phase: 'burst' })).to.equal(0);
      expect(reading(after, 'ordeal_events_total', { run: RUN, type: 'fault.bit' })).to.equal(1);
      expect(reading(after, 'ordeal_run_end_time_seconds', { run: RUN })).to.equal(1e9 + 10);

      await reported(verdictOf());
      const ended = await scraped();
      expect(reading(ended, 'ordeal_run_verdict', { run: RUN, verdict: 'pass' })).to.equal(1);
      expect(reading(ended, 'ordeal_faults_healed_total', { run: 'other' })).to.equal(1);
      const own = samplesIn(ended).filter(({ labels }) => labels.run === RUN);
      expect(own).to.deep.equal(samplesIn(readFileSync(join(outDir, 'metrics.txt'), 'utf8')));
    });

    it('are given at /metrics alone, as OpenMetrics, and no more once it is closed', async () => {
      live = await liveMetrics(['127.0.0.1:0', 'localhost:0']);
      const [url = '', other = ''] = live.urls;
      expect((await fetch(url)).headers.get('content-type')).to.equal(
        'application/openmetrics-text; version=1.0.0; charset=utf-8',
      );
      expect((await fetch(other)).status).to.equal(200);
      expect((await fetch(new URL('/', url))).status).to.equal(404);
      expect((await fetch(url, { method: 'POST' })).status).to.equal(404);
      await live.close();
      expect(await fetch(url).catch(() => 'refused')).to.equal('refused');
    });

    it('are pushed when it has ended, each run as a group of its own', async () => {
      const pushed: { method: string | undefined; url: string | undefined; body: string }[] = [];
      gateway = createServer(async (request, response) => {
        const { method, url } = request;
        pushed.push({ method, url, body: await text(request) });
        response.end();
      });
      const port = await portOf(gateway);
      live = await liveMetrics([`http://127.0.0.1:${port}/base`]);
      expect(live.urls).to.deep.equal([]);
      expect(await reported(verdictOf())).to.deep.include({ failed: [] });
      const [{ body = '', ...request } = {}] = pushed;
      expect(request).to.deep.equal({ method: 'PUT', url: `/base/metrics/job/ordeal/run/${RUN}` });
      expect(body).to.match(new RegExp(`^ordeal_run_verdict{run="${RUN}",verdict="pass"} 1$`, 'm'));
      expect(body).to.match(/^# TYPE ordeal_events_total counter$/m);
    });

    it('hurt nothing where nobody takes them', async () => {
      gateway = createServer((_, response) => response.writeHead(503).end('full'));
      const port = await portOf(gateway);
      live = await liveMetrics([`http://127.0.0.1:${port}`]);
      const logged: string[] = [];
      const { failed, written } = await reported(verdictOf(), logged);
      expect(failed).to.deep.equal([
        { reporter: 'live metrics', error: 'push failed with status 503, full' },
      ]);
      expect(written).to.deep.equal([join(outDir, 'metrics.txt')]);
      expect(logged).to.deep.equal(['a reporter failed']);
    });
  });

  describe('are refused', () => {
    const code = (...targets: string[]) =>
      liveMetrics(targets).then(
        () => 'taken',
        ({ code, exit }) => ({ code, exit }),
      );

    it('at what is no address on loopback and no URL', async () => {
      for (const target of [
        '',
        'x',
        '9464',
        '0.0.0.0:9464',
        '10.1.2.3:9464',
        '[::]:1',
        '127.0.0.1:65536',
        'ftp://a',
        'http://',
      ]) {
        expect(await code(target), target).to.deep.equal({ code: 'METRICS_TARGET', exit: 3 });
      }
    });

    it('at an address that is taken, and no other is kept', async () => {
      const taken = createServer();
      const port = await portOf(taken);
      const other = await freePort();
      try {
        expect(await code(`127.0.0.1:${other}`, `127.0.0.1:${port}`)).to.deep.equal({
          code: 'METRICS_UNHEARD',
          exit: 4,
        });
        expect(await fetch(`http://127.0.0.1:${other}`).catch(() => 'refused')).to.equal('refused');
      } finally {
        taken.close();
      }
    });
  });
});

/** A lone surrogate has no UTF-8. */
function asWritten(text = ''): string {
  return Buffer.from(text).toString();
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
