import { expect } from 'chai';
import { peerInAnswer } from './uapi.ts';

describe('what wireguard-go says of a peer', () => {
  const key = (byte: string) => Buffer.from(byte.repeat(32), 'hex');
  const answer = [
    `private_key=${key('01').toString('hex')}`,
    'listen_port=51820',
    `public_key=${key('02').toString('hex')}`,
    'last_handshake_time_sec=0',
    'tx_bytes=148',
    'rx_bytes=0',
    `public_key=${key('03').toString('hex')}`,
    'endpoint=10.9.0.1:51820',
    'last_handshake_time_sec=1795621498',
    'last_handshake_time_nsec=1',
    'tx_bytes=5000',
    'rx_bytes=4000',
    'protocol_version=1',
    'errno=0',
    '\n',
  ].join('\n');

  it('is that peer’s own', () => {
    expect(peerInAnswer(answer, key('03').toString('base64'))).to.deep.equal({
      handshakeS: 1_795_621_498,
      rxBytes: 4_000,
      txBytes: 5_000,
    });
    expect(peerInAnswer(answer, key('02').toString('base64'))).to.deep.equal({
      handshakeS: 0,
      rxBytes: 0,
      txBytes: 148,
    });
  });

  it('is nothing where there is no such peer: the interface’s own key is none', () => {
    for (const other of ['01', '04'])
      expect(peerInAnswer(answer, key(other).toString('base64'))).to.equal(undefined);
  });
});
