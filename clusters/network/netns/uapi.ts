import { connect } from 'node:net';
import type { PeerState } from './wireguard.ts';

/** What a look at a tunnel asks of a peer. */
export type PeerTraffic = Pick<PeerState, 'handshakeS' | 'rxBytes' | 'txBytes'>;

/** A socket of the file system: it is reached from every network namespace. */
const FOLDER = '/var/run/wireguard';
const ANSWER_MS = 5_000;

/**
 * What wireguard-go says of a peer, asked over its socket as `wg` does (WireGuard's cross-platform interface), without a
 * process. Undefined where the interface has no such peer.
 * @throws Error where nothing answers.
 */
export async function askPeer(device: string, publicKey: string): Promise<PeerTraffic | undefined> {
  return peerInAnswer(await ask(`${FOLDER}/${device}.sock`), publicKey);
}

/** @param publicKey in base64, as everywhere but in the answer */
export function peerInAnswer(answer: string, publicKey: string): PeerTraffic | undefined {
  const key = Buffer.from(publicKey, 'base64').toString('hex');
  // What stands before the first peer is the interface's own, the private key among it.
  const peer = answer.split(/^public_key=/m).find((section) => section.startsWith(`${key}\n`));
  if (peer === undefined) return undefined;
  const figure = (name: string) => Number(new RegExp(`^${name}=(\\d+)$`, 'm').exec(peer)?.[1] ?? 0);
  return {
    handshakeS: figure('last_handshake_time_sec'),
    rxBytes: figure('rx_bytes'),
    txBytes: figure('tx_bytes'),
  };
}

function ask(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let said = '';
    socket.setEncoding('utf8').setTimeout(ANSWER_MS);
    socket.once('connect', () => socket.write('get=1\n\n'));
    socket.once('timeout', () => socket.destroy(new Error(`no answer at ${path} in ${ANSWER_MS} ms`)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`the answer at ${path} was cut short`)));
    socket.on('data', (part: string) => {
      said += part;
      if (!said.endsWith('\n\n')) return;
      resolve(said);
      socket.end();
    });
  });
}
