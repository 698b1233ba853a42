import { waitFor } from '../../../harness/clock/wait-for.ts';
import { newKeyPair } from '../x25519.ts';
import { type Exec, ipBatch, must } from './host.ts';

export const TUNNEL_PORT = 51_820;
const READY_MS = 10_000;

/** Who keeps a tunnel: the kernel, or wireguard-go in user space. */
export type Backend = 'kernel' | 'wireguard-go';

/** One end of a tunnel: a namespace, and the interface in it. */
export interface TunnelEnd {
  namespace: string;
  device: string;
  address: string;
  privateKey: string;
  publicKey: string;
}

export interface Peer {
  publicKey: string;
  endpoint: string;
  allowedIps: string;
  /** Seconds; 0 for none. */
  keepaliveS: number;
}

/** As `wg genkey` and `wg pubkey` make them. */
export function newKeys(): Pick<TunnelEnd, 'privateKey' | 'publicKey'> {
  const { public: publicKey, secret } = newKeyPair();
  return { privateKey: secret.toString('base64'), publicKey: publicKey.toString('base64') };
}

export async function backendOf(exec: Exec): Promise<Backend> {
  const probe = ['ip', 'link', 'add', 'ordeal-probe', 'type', 'wireguard'];
  const { exitCode } = await exec(['unshare', '--net', ...probe]);
  return exitCode === 0 ? 'kernel' : 'wireguard-go';
}

/** Makes a tunnel's end, up and without peers. */
export async function makeTunnelEnd(exec: Exec, backend: Backend, end: TunnelEnd): Promise<void> {
  const { namespace, device, address } = end;
  const inside = ['ip', 'netns', 'exec', namespace];
  if (backend === 'kernel') {
    await must(exec, ['ip', '-n', namespace, 'link', 'add', device, 'type', 'wireguard']);
  } else {
    // With a log level in its environment the daemon would hold on to our pipes.
    await must(exec, [...inside, 'env', '-u', 'LOG_LEVEL', 'wireguard-go', device]);
    let said = '';
    const answers = async () => {
      const { exitCode, stderr } = await exec([...inside, 'wg', 'show', device]);
      said = stderr.trim();
      return exitCode === 0;
    };
    await waitFor(answers, {
      what: `wireguard-go to answer for ${device}`,
      deadlineMs: READY_MS,
      intervalMs: 20,
      // A daemon that is gone has left its socket: of all that it needs, inotify instances are what a machine runs out of.
      seen: () => `wg says: ${said}; if wireguard-go has ended, see fs.inotify.max_user_instances`,
    });
  }
  await must(
    exec,
    [...inside, ...withKey(['wg', 'set', device, 'listen-port', String(TUNNEL_PORT)])],
    end.privateKey,
  );
  await ipBatch(exec, namespace, [
    ['address', 'add', `${address}/24`, 'dev', device],
    ['link', 'set', device, 'up'],
  ]);
}

/**
 * wg reads a key from a file only, and the socket that a process of ours gets as its standard input cannot be opened as
 * one: a pipe can. So the key is on no disk.
 */
function withKey(command: readonly string[]): string[] {
  return ['sh', '-c', 'cat | "$@" private-key /proc/self/fd/0', 'sh', ...command];
}

export async function addPeer(exec: Exec, { namespace, device }: TunnelEnd, peer: Peer): Promise<void> {
  await must(exec, ['ip', 'netns', 'exec', namespace, 'wg', 'set', device, ...peerWords(peer)]);
}

/**
 * `wg` arguments that make an interface forget a peer's session and know the peer again, in one step. Setting the
 * interface down and up would do with the kernel's WireGuard; wireguard-go does not notice that.
 */
export function forgetSession(peer: Peer): string[] {
  return ['peer', peer.publicKey, 'remove', ...peerWords(peer)];
}

function peerWords({ allowedIps, endpoint, keepaliveS, publicKey }: Peer): string[] {
  return [
    ...['peer', publicKey, 'endpoint', endpoint, 'allowed-ips', allowedIps],
    ...['persistent-keepalive', String(keepaliveS)],
  ];
}

/** What `wg show DEVICE dump` says of a peer. */
export interface PeerState extends Peer {
  /** Wall seconds of the last handshake; 0 for none. */
  handshakeS: number;
  rxBytes: number;
  txBytes: number;
}

/** Undefined where the dump has no such peer. Its first line is the interface's own and holds the private key. */
export function peerIn(dump: string, publicKey: string): PeerState | undefined {
  for (const line of dump.split('\n').slice(1)) {
    const [key, , endpoint = '', allowedIps = '', handshake, rx, tx, keepalive] = line.split('\t');
    if (key !== publicKey) continue;
    return {
      publicKey,
      endpoint,
      allowedIps,
      keepaliveS: keepalive === 'off' ? 0 : Number(keepalive),
      handshakeS: Number(handshake),
      rxBytes: Number(rx),
      txBytes: Number(tx),
    };
  }
  return undefined;
}
