import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Parts } from '../../harness/cli/parts.ts';
import type { Decision } from '../../harness/gate/decision.ts';
import { recordRun, startsSuite } from '../../harness/gate/testing/recorded.ts';

interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

/** The command line as a shell would give it, in this process. */
async function ordeal(...argv: string[]): Promise<Said> {
  // As its commands are loaded: what mocha requires and what is imported would have an OrdealError each.
  const { main } = await import('../../harness/cli/program.ts');
  const parts = {
    version: '0',
    suites: { gpu: async () => startsSuite },
    attestation: async () => await import('./attestation.ts'),
    async reportGate(decision: Decision) {
      const { gateText } = await import('../gate/console.ts');
      process.stdout.write(gateText(decision));
    },
  } as unknown as Parts;
  const said = { stdout: '', stderr: '' };
  const streams = ['stdout', 'stderr'] as const;
  const own = streams.map((name) => process[name].write);
  for (const name of streams) {
    process[name].write = (text: string | Uint8Array) => {
      said[name] += text;
      return true;
    };
  }
  try {
    return { code: await main(parts, argv), ...said };
  } finally {
    for (const [index, name] of streams.entries())
      process[name].write = own[index] as typeof process.stdout.write;
  }
}

describe('ordeal attest and ordeal verify', () => {
  let dir: string;
  let run: string;
  const key = (name: string) => join(dir, name);
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'ordeal-attest-command-'));
    run = join(dir, 'run');
    recordRun(run);
    for (const name of ['own', 'other']) {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      writeFileSync(key(`${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
      writeFileSync(key(`${name}.pub`), publicKey.export({ type: 'spki', format: 'pem' }));
    }
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const attest = (...argv: string[]) => ordeal('attest', run, ...argv);
  const verify = (name = 'own.pub') => ordeal('verify', run, '--key', key(name));
  const attestation = () => join(run, 'attestation.dsse.json');

  it('signs a run’s folder, says where, and finds it as it was signed', async () => {
    expect(await attest('--key', key('own.pem'))).to.deep.equal({
      code: 0,
      stdout: `${attestation()}\n`,
      stderr: '',
    });
    expect(await verify()).to.deep.equal({ code: 0, stdout: `${run} is what was signed\n`, stderr: '' });
  });

  it('prints the predicate for a platform to sign, and signs nothing', async () => {
    const { code, stdout } = await attest('--predicate');
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.deep.include({ result: 'PASSED', passedTests: ['GPU-1'], failedTests: [] });
    expect(existsSync(attestation())).to.equal(false);
  });

  it('attests a run that was refused as one that was refused', async () => {
    rmSync(run, { recursive: true });
    recordRun(run, { usable: [true, false] });
    expect(JSON.parse((await attest('--predicate')).stdout)).to.include({ result: 'FAILED' });
    expect((await attest('--key', key('own.pem'))).code).to.equal(0);
    expect((await verify()).code).to.equal(0);
  });

  describe('of what is not as it was signed', () => {
    beforeEach(async () => {
      expect((await attest('--key', key('own.pem'))).code).to.equal(0);
    });
    const refused = async (name?: string) => {
      const { code, stdout, stderr } = await verify(name);
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.match(new RegExp(`^${run} is not what was signed:\n`));
      return stderr;
    };

    it('names the file that was changed, exit 1', async () => {
      appendFileSync(join(run, 'plan.yaml'), '\n');
      expect(await refused()).to.match(/^ {2}plan\.yaml was changed: sha256 /m);
    });

    it('names the file that is missing, and that the attestation is', async () => {
      rmSync(join(run, 'events.jsonl'));
      expect(await refused()).to.match(/^ {2}events\.jsonl is missing$/m);
      rmSync(attestation());
      expect(await refused()).to.match(/^ {2}there is no attestation\.dsse\.json$/m);
    });

    it('names the key that signed where it is another’s', async () => {
      expect(await refused('other.pub')).to.match(/^ {2}it is signed by key [0-9a-f]{64}, and not by /m);
    });

    it('tells a signature that was taken from elsewhere', async () => {
      const envelope = JSON.parse(readFileSync(attestation(), 'utf8'));
      envelope.signatures[0].sig = Buffer.alloc(64, 1).toString('base64');
      writeFileSync(attestation(), JSON.stringify(envelope));
      expect(await refused()).to.match(/^ {2}its signature is not of this payload$/m);
    });
  });

  describe('before a gate whose policy asks for them', () => {
    const gate = (...more: string[]) => ordeal('gate', run, '--policy', join(dir, 'gate.yaml'), ...more);
    beforeEach(() => {
      const asked = 'evidence: real-kubernetes\nlevel: standard\nmaxAge: 7d\nrequirements: { GPU-1: }\n';
      // From the policy’s own folder, wherever the command is given.
      writeFileSync(join(dir, 'gate.yaml'), `${asked}attestation: { key: own.pub }\n`);
    });

    it('open it for what is as it was signed by that key', async () => {
      await attest('--key', key('own.pem'));
      const { code, stdout } = await gate();
      expect(stdout).to.match(/^gate OPEN$/m);
      expect(code).to.equal(0);
    });

    it('shut it by name where there is none, where another’s key signed, and where a file is not as it was', async () => {
      const refusal = async () => {
        const { code, stdout } = await gate();
        expect(code, stdout).to.equal(1);
        expect(stdout).to.match(/^gate SHUT: refused$/m);
        expect(stdout.replaceAll(/\s+/g, ' ')).to.contain(`not to be believed: ${run}`);
        return stdout.replaceAll(/\s+/g, ' ');
      };
      expect(await refusal()).to.contain('it is not attested: there is no attestation.dsse.json');
      await attest('--key', key('other.pem'));
      expect(await refusal()).to.match(/it is not attested: it is signed by key [0-9a-f]{64}, and not by /);
      await attest('--key', key('own.pem'));
      appendFileSync(join(run, 'plan.yaml'), '# another\n');
      expect(await refusal()).to.match(/it is not attested: plan\.yaml was changed: sha256 /);
    });

    it('do not shut a gate that does not ask for them, and cannot be asked for without their key', async () => {
      rmSync(key('own.pub'));
      const { code, stderr } = await gate();
      expect({ code, stderr: stderr.split(':')[0] }).to.deep.equal({ code: 3, stderr: 'KEY_UNREADABLE' });
      const policy = join(dir, 'gate.yaml');
      writeFileSync(policy, readFileSync(policy, 'utf8').replace(/^attestation.*\n/m, ''));
      expect((await gate()).code).to.equal(0);
    });
  });

  it('signs no run that contradicts its own history, or has none: exit 1 and 4', async () => {
    const verdict = join(run, 'verdict.json');
    writeFileSync(verdict, readFileSync(verdict, 'utf8').replaceAll('"pass"', '"fail"'));
    for (const option of [['--key', key('own.pem')], ['--predicate']]) {
      const { code, stdout, stderr } = await attest(...option);
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.match(/^RUN_UNTRUE: /);
    }
    expect(existsSync(attestation())).to.equal(false);
    rmSync(join(run, 'events.jsonl'));
    expect(await attest('--key', key('own.pem'))).to.include({ code: 1, stdout: '' });
    rmSync(run, { recursive: true });
    expect(await attest('--key', key('own.pem'))).to.include({ code: 4, stdout: '' });
    expect(await verify()).to.include({ code: 4, stdout: '' });
  });

  it('exits 3 for a command line or a key that is wrong, and writes nothing', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
    writeFileSync(key('rsa.pem'), rsa.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(key('no.pem'), 'no key\n');
    const wrong: [argv: string[], stderr: RegExp][] = [
      [['attest', run], /^ATTEST_USAGE: /],
      [['attest', run, '--predicate', '--key', key('own.pem')], /^ATTEST_USAGE: /],
      [['attest'], /missing required argument 'folder'/],
      [['attest', run, '--key', key('absent.pem')], /^KEY_UNREADABLE: /],
      [['attest', run, '--key', key('own.pub')], /^KEY_INVALID: /],
      [['attest', run, '--key', key('rsa.pem')], /^KEY_INVALID: .*it is of type rsa/s],
      [['verify', run], /required option '--key <file>' not specified/],
      [['verify', run, '--key', key('absent.pub')], /^KEY_UNREADABLE: /],
      [['verify', run, '--key', key('no.pem')], /^KEY_INVALID: /],
    ];
    for (const [argv, message] of wrong) {
      const { code, stdout, stderr } = await ordeal(...argv);
      expect({ argv, code, stdout }).to.deep.equal({ argv, code: 3, stdout: '' });
      expect(stderr).to.match(message);
      expect(stderr).not.to.match(/^ +at /m);
    }
    expect(existsSync(attestation())).to.equal(false);
  });
});
