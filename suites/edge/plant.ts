import { join } from 'node:path';
import { type AnyLink, type EdgeNetwork, type Hop, isFound } from '../../clusters/network/port.ts';
import type { Cluster } from '../../clusters/port.ts';
import type { BrokerControl } from '../../faults/network/broker-restart.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { freePort } from '../../harness/exec/free-port.ts';
import type { SuiteContext } from '../../harness/run/ports.ts';
import { Programs, type RunningProgram } from '../programs.ts';
import { brokerControl } from './cloud-control.ts';
import { edgeEvents } from './events.ts';
import type { Intake } from './intake.ts';
import type { Recording } from './recording.ts';
import type { EdgeSettings, Remedies } from './settings.ts';
import type { CloudOptions } from './workload/cloud/options.ts';
import type { CollectorOptions } from './workload/collector/options.ts';
import { collectorDeployment } from './workload/deployment.ts';
import type { ProbeOptions } from './workload/probe/options.ts';

const LEDGER_MS = 500;

/** The programs of a run: the cloud's, the hosts' probers, and the collectors' Deployments. */
export class Plant {
  readonly #context: SuiteContext<Cluster>;
  readonly #network: EdgeNetwork<AnyLink>;
  readonly #settings: EdgeSettings;
  readonly #remedies: Remedies;
  readonly #record: Recording;
  readonly #intake: Intake;
  readonly #programs: Programs;
  readonly #hostProbers: RunningProgram[] = [];
  /** The broker's is the first. */
  readonly #clouds: RunningProgram[] = [];

  constructor(
    context: SuiteContext<Cluster>,
    network: EdgeNetwork<AnyLink>,
    settings: EdgeSettings,
    remedies: Remedies,
    record: Recording,
    intake: Intake,
  ) {
    this.#context = context;
    this.#network = network;
    this.#settings = settings;
    this.#remedies = remedies;
    this.#record = record;
    this.#intake = intake;
    this.#programs = new Programs(context.cluster, join(context.workDir, 'edge'));
  }

  /** Asks every link for the remedies of its own, and writes down what it then says that it has. */
  async applyRemedies(): Promise<void> {
    const { keepalive, offloadOff } = this.#remedies;
    for (const link of this.#network.links) {
      if (isFound(link)) continue;
      const { node } = link;
      if (offloadOff !== 'leave') await link.setOffload(!offloadOff);
      const seen = await link.offload();
      this.#record('remedy.applied', { node, remedy: 'offloadOff', wanted: offloadOff, seen: !seen });
      if (keepalive === 'leave') continue;
      await link.setKeepalive(keepalive === false ? 0 : keepalive);
      // WireGuard tells nobody but its own end: what was asked for is all that there is to see.
      this.#record('remedy.applied', { node, remedy: 'keepalive', wanted: keepalive, seen: null });
    }
  }

  async startCloud(): Promise<BrokerControl> {
    const { clock, recorder, runId, signal, undo, workDir } = this.#context;
    const { cloud } = this.#network;
    const { hop, hostHop, listen } = cloud;
    const { hostEcho, ...forPods } = listen;
    const more = {
      broker: this.#settings.broker,
      // A broker that keeps sessions must not know those of an earlier run: their packet identifiers come again.
      folder: join(hop?.programs?.scratch ?? join(workDir, 'edge'), runId),
      protocol: this.#settings.protocol,
      lateMs: this.#settings.lateAfter,
      ledgerMs: LEDGER_MS,
    };
    undo.push('end the cloud’s program', () => this.stopCloud());
    const program = await this.#startCloud({ ...forPods, ...(!hostHop && { hostEcho }), ...more }, hop);
    if (hostHop) await this.#startCloud({ hostEcho, ...more }, hostHop);
    await waitFor(() => edgeEvents(recorder.events, 'ledger.cloud.started').length >= this.#clouds.length, {
      what: 'the cloud’s broker and echo to be up',
      deadlineMs: this.#settings.startSeconds * 1_000,
      clock,
      signal,
    });
    return brokerControl(program, recorder, clock);
  }

  async startHostProbers(): Promise<void> {
    this.#context.undo.push('end the hosts’ probers', () => this.stopHostProbers());
    for (const { byHost, node, path } of this.#network.links) {
      const options = this.#probeOptions(node, 'host', byHost.echo);
      const hop = path.kind === 'relay' ? undefined : path.edge;
      this.#hostProbers.push(await this.#start('edge-probe', `node/${node}`, options, hop));
    }
  }

  async deployCollectors(namespace: string): Promise<void> {
    const { cluster } = this.#context;
    for (const link of this.#network.links) {
      const inImage = cluster.capabilities.has('daemonset-agents');
      // Where containers are processes of this machine, their commands put themselves behind their node's link.
      const edge = !inImage && link.path.kind === 'kernel' ? link.path.edge : undefined;
      const enter = edge?.enter ?? [];
      const ports =
        inImage || enter.length > 0
          ? { tcp: 1883, http: 8080 }
          : { tcp: await freePort(), http: await freePort() };
      const body = collectorDeployment({
        node: link.node,
        namespace,
        image: cluster.workloadImage,
        commands: {
          collector: [
            ...enter,
            ...(await this.#programs.inPod('edge-collector', this.#collectorOptions(link, ports))),
          ],
          probe: [
            ...enter,
            ...(await this.#programs.inPod(
              'edge-probe',
              this.#probeOptions(link.node, 'tunnel', link.throughTunnel.echo),
            )),
          ],
        },
        ports,
        enter: edge?.reachedAt === undefined ? enter : [],
        host: edge?.reachedAt,
        probes: this.#remedies.probes,
        settings: this.#settings,
      });
      await cluster.kube.apps.createNamespacedDeployment({ namespace, body });
    }
  }

  async stopHostProbers(): Promise<void> {
    await Promise.all(this.#hostProbers.map((prober) => prober.stop()));
  }

  async stopCloud(): Promise<void> {
    await Promise.all(this.#clouds.map((cloud) => cloud.stop()));
  }

  async #startCloud(options: CloudOptions, hop: Hop | undefined): Promise<RunningProgram> {
    const program = await this.#start('edge-cloud', 'cloud', options, hop);
    this.#clouds.push(program);
    return program;
  }

  #start(
    name: 'edge-cloud' | 'edge-probe',
    source: string,
    options: object,
    hop: Hop | undefined,
  ): Promise<RunningProgram> {
    return this.#programs.start(name, options, hop ?? { enter: [] }, {
      onLine: (line) => this.#intake.take(source, line),
      onFailed: (exitCode, said) =>
        this.#record('program.failed', { program: `${name} of ${source}`, exitCode, said }),
    });
  }

  #probeOptions(node: string, path: ProbeOptions['path'], target: ProbeOptions['target']): ProbeOptions {
    const { probeInterval, probeTimeout } = this.#settings;
    return { node, path, target, intervalMs: probeInterval, timeoutMs: probeTimeout };
  }

  #collectorOptions(
    { node, throughTunnel }: AnyLink,
    ports: { tcp: number; http: number },
  ): CollectorOptions {
    const settings = this.#settings;
    return {
      publisher: node,
      broker: throughTunnel.mqtt,
      protocol: settings.protocol,
      qos: settings.qos,
      rate: settings.rate,
      store: this.#remedies.offlineStore === false ? 0 : this.#remedies.offlineStore,
      inFlight: settings.inFlight,
      keepaliveSeconds: settings.mqttKeepaliveSeconds,
      connectTimeoutMs: settings.mqttConnectTimeout,
      reconnectMs: settings.mqttReconnect,
      sessionExpirySeconds: settings.sessionExpirySeconds,
      ledgerMs: LEDGER_MS,
      tcpPort: ports.tcp,
      httpPort: ports.http,
    };
  }
}
