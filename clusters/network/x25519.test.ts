import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { newKeyPair } from './x25519.ts';

describe('key pairs of X25519', () => {
  it('are raw bytes that belong together', () => {
    const { pkcs8, public: publicKey, secret } = newKeyPair();
    const jwk = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).export({
      format: 'jwk',
    });
    expect(publicKey.toString('base64url')).to.equal(jwk.x);
    expect(secret).to.have.length(32);
    expect(newKeyPair().secret.equals(secret)).to.equal(false);
  });

  it('are made by the thousand, however often memory is collected meanwhile', function () {
    this.timeout(60_000);
    const program = `
      const { newKeyPair } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'x25519.ts')).href)});
      for (let each = 0; each < 5_000; each++) newKeyPair();
    `;
    const options = ['--max-semi-space-size=1', '--import', 'tsx', '--input-type=module', '--eval', program];
    // One that stands still is of no use any more: the deadline is what is asserted.
    execFileSync(process.execPath, options, { timeout: 45_000, killSignal: 'SIGKILL' });
  });
});
