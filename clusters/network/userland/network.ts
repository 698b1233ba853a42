/**
 * The edge network of isolation `process`: for any machine with Node alone. Its links are real datagrams over loopback
 * through a relay process; the tunnel, the NIC's checksum engine and TCP inside the tunnel are modelled.
 *
 * A TCP port of a link takes a connection before the cloud was asked, for that is the kernel's doing; it is closed 1.5 s
 * after something was sent that nothing answered, and open again once the cloud is heard. A connect that succeeded just
 * before that says nothing of the tunnel; an answer (MQTT's CONNACK, the echo) always does.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { EXIT, messageOf, OrdealError } from '../../../harness/errors/error.ts';
import { type Started, startProcess } from '../../embedded/process.ts';
import { order } from '../../orders.ts';
import { programFile } from '../../programs/file.ts';
import type { EdgeLink, EdgeNetwork, TunnelSample } from '../port.ts';
import { LabReady, LabSettings, labFiles } from './settings.ts';

const READY_MS = 60_000;
/** A unix socket's path has at most 107 bytes. */
const MAX_SOCKET_BYTES = 107;

export interface UserlandOptions {
  /** Names of the edge nodes, a link each. */
  nodes: readonly string[];
  /** The lab's own folder, made here and removed by `down`; short, for a unix socket lies in it. */
  folder: string;
  /** Of losses, jitters and all other draws; 1 unless told. */
  seed?: number;
  /** TX checksum offload to begin with, on as a NIC's is unless told; and persistent keepalive, none unless told. */
  offload?: boolean;
  keepaliveSeconds?: number;
  /** A TCP connection without acknowledged progress for so long is reset; 15 s unless told. */
  stallMs?: number;
  signal?: AbortSignal;
}

/**
 * Brings the network up: a process for the links' ends and one for the relays, both gone when this process is.
 * @throws OrdealError PROCESS_NOT_READY or FOLDER_TOO_LONG (exit 4), with nothing left; the signal's reason when it aborts.
 */
export async function userlandNetwork(options: UserlandOptions): Promise<EdgeNetwork> {
  const { folder, signal } = options;
  const files = labFiles(folder);
  if (Buffer.byteLength(files.control) > MAX_SOCKET_BYTES) throw tooLong(folder, files.control);
  const settings = LabSettings.parse({
    folder,
    nodes: options.nodes,
    seed: options.seed ?? 1,
    stallMs: options.stallMs ?? 15_000,
    offload: options.offload ?? true,
    keepaliveSeconds: options.keepaliveSeconds ?? 0,
  });
  let lab: Started | undefined;
  const down = async () => {
    await lab?.end();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const started = await startLab(settings, signal);
    lab = started.process;
    const { cloud, links } = started.ready;
    return {
      isolation: 'process',
      evidence: 'modelled',
      versions: { tunnel: 'modelled tunnel, with the timers of WireGuard', node: process.version },
      cloud: { listen: cloud, hop: undefined },
      links: links.map((link) => ({ ...link, ...controls(folder, link.node) })),
      down,
    };
  } catch (error) {
    await down();
    throw error;
  }
}

/** Starts a lab's process in its folder. @throws as `userlandNetwork`, and leaves the folder to its caller. */
export async function startLab(
  settings: LabSettings,
  signal?: AbortSignal,
): Promise<{ process: Started; ready: LabReady }> {
  const files = labFiles(settings.folder);
  await mkdir(settings.folder, { recursive: true, mode: 0o700 });
  await writeFile(files.settings, JSON.stringify(settings));
  // The lab starts the relay, and looks for it beside itself.
  const [lab = ''] = await Promise.all(
    (['edge-network', 'edge-relay'] as const).map((name) => programFile(name, settings.folder)),
  );
  const started = await startProcess({
    what: 'the edge network',
    argv: [lab, '--config', files.settings],
    log: files.log,
    deadlineMs: READY_MS,
    ...(signal && { signal }),
  });
  return { process: started, ready: LabReady.parse(started.said) };
}

function controls(folder: string, node: string): Omit<EdgeLink, 'node' | 'throughTunnel' | 'byHost'> {
  const files = labFiles(folder);
  const ask = async (verb: string, value = ''): Promise<TunnelSample & { offload: boolean }> => {
    try {
      return JSON.parse(await order(files.control, `${verb}/${node}/${value}`));
    } catch (error) {
      throw new OrdealError({
        code: 'EDGE_NETWORK_SILENT',
        exit: EXIT.unable,
        tried: `asking the edge network for ${verb} of ${node}`,
        seen: messageOf(error),
        todo: `look at ${files.log}`,
        cause: error,
      });
    }
  };
  return {
    path: { kind: 'relay', impairments: files.impairments(node), state: files.relayState(node) },
    async setOffload(on) {
      await ask('offload', on ? 'on' : 'off');
    },
    offload: async () => (await ask('sample')).offload,
    async setKeepalive(seconds) {
      await ask('keepalive', String(seconds));
    },
    async restartTunnel() {
      await ask('restart-tunnel');
    },
    async sample() {
      const { offload: _, ...sample } = await ask('sample');
      return sample;
    },
  };
}

function tooLong(folder: string, socket: string): OrdealError {
  return new OrdealError({
    code: 'FOLDER_TOO_LONG',
    exit: EXIT.unable,
    tried: `making the edge network's socket in ${folder}`,
    seen: `the path ${socket} has ${Buffer.byteLength(socket)} bytes, and a unix socket's has at most ${MAX_SOCKET_BYTES}`,
    todo: 'set TMPDIR to a folder with a shorter name',
  });
}
