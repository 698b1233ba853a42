import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Aedes } from 'aedes';
import mqtt, { type MqttClient } from 'mqtt';
import { isOurs, TOPICS } from '../message.ts';

/** An MQTT broker that can be taken away and brought back: its sessions outlive that. */
export interface Broker {
  name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** No more is heard from it, whatever comes. */
  close(): Promise<void>;
}

interface Listen {
  host: string;
  port: number;
}

export type OnPayload = (payload: Buffer) => void;

/** Of aedes what its types leave out. */
interface Untyped {
  version: string;
  persistence: unknown;
  listen(): Promise<void>;
}

/**
 * Heard at its door, before it acknowledges. What aedes 1.2.0 loses on the way to a subscriber is no loss of the edge's:
 * with QoS 2 and a persistent session up to one message in fifty, and at its end what it has acknowledged just before.
 */
export function aedesBroker({ host, port }: Listen, onPayload: OnPayload): Broker {
  let persistence: unknown;
  let running: { broker: Aedes; server: Server; sockets: Set<Socket> } | undefined;
  const stop = async () => {
    if (!running) return;
    const { broker, server, sockets } = running;
    running = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
    await new Promise<void>((resolve) => broker.close(() => resolve()));
  };
  return {
    name: `aedes ${(new Aedes() as unknown as Untyped).version}`,
    async start() {
      const broker = new Aedes({
        ...(persistence !== undefined && { persistence }),
        authorizePublish(_client, { payload, topic }, done) {
          if (isOurs(topic)) onPayload(Buffer.from(payload));
          done(null);
        },
      });
      await (broker as unknown as Untyped).listen();
      // Sessions and what waits in them: as with a broker that keeps them on disk.
      persistence = (broker as unknown as Untyped).persistence;
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
        broker.handle(socket);
      });
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, resolve);
      });
      running = { broker, server, sockets };
    },
    stop,
    close: stop,
  };
}

/** How long a mosquitto may take to write its sessions down and end. */
const END_MS = 5_000;
const RECONNECT_MS = 100;
const SESSION_SECONDS = 3_600;

/** The command of that name with a configuration in `folder`, heard by a subscriber with a session that it keeps. */
export function mosquittoBroker(
  { host, port }: Listen,
  onPayload: OnPayload,
  { folder, protocol }: { folder: string; protocol: 4 | 5 },
): Broker {
  const configuration = join(folder, 'mosquitto.conf');
  let child: ChildProcess | undefined;
  let subscriber: MqttClient | undefined;
  const stop = async () => {
    const ending = child;
    child = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => ending.once('exit', () => resolve()));
    ending.kill('SIGTERM');
    const timer = setTimeout(() => ending.kill('SIGKILL'), END_MS);
    await ended;
    clearTimeout(timer);
  };
  return {
    name: 'mosquitto',
    async start() {
      mkdirSync(folder, { recursive: true });
      const lines = [
        `listener ${port} ${host}`,
        'allow_anonymous true',
        // Started by root it becomes another user, who may not write its sessions down here.
        `user ${userInfo().username}`,
        'persistence true',
        `persistence_location ${folder}/`,
        'max_queued_messages 0',
        '',
      ];
      writeFileSync(configuration, lines.join('\n'));
      const started = spawn('mosquitto', ['-c', configuration], { stdio: ['ignore', 'ignore', 'inherit'] });
      await new Promise<void>((resolve, reject) => {
        started.once('error', reject);
        started.once('spawn', resolve);
      });
      child = started;
      if (subscriber) return;
      const client = mqtt.connect({
        host: host === '0.0.0.0' ? '127.0.0.1' : host,
        port,
        protocol: 'mqtt',
        protocolVersion: protocol,
        clientId: 'ordeal-cloud',
        clean: false,
        reconnectPeriod: RECONNECT_MS,
        ...(protocol === 5 && { properties: { sessionExpiryInterval: SESSION_SECONDS } }),
      });
      subscriber = client;
      client.on('error', () => undefined);
      client.on('message', (_topic, payload) => onPayload(payload));
      // It takes a moment until the broker listens.
      await new Promise<void>((resolve) => client.once('connect', () => resolve()));
      await client.subscribeAsync(TOPICS, { qos: 2 });
    },
    stop,
    async close() {
      await subscriber?.endAsync(true);
      await stop();
    },
  };
}
