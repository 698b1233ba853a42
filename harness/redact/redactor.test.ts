import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { systemClock } from '../clock/clock.ts';
import { memoryRecorder, openHistory } from '../history/writer.ts';
import { redactFolder } from './files.ts';
import { redactor } from './own.ts';
import { LEAST_SECRET, REDACTED, Redactor } from './redactor.ts';

/** Of any characters that a secret may have, quotes, backslashes and newlines among them, and no space around it. */
const secrets = fc
  .string({ minLength: LEAST_SECRET, maxLength: 60, unit: 'grapheme-ascii' })
  .filter((text) => text.trim().length >= LEAST_SECRET && !REDACTED.includes(text.trim()))
  .map((text) => text.trim());
const base64Url = fc
  .uint8Array({ minLength: 18, maxLength: 60 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'));
const base64 = fc
  .uint8Array({ minLength: 30, maxLength: 90 })
  .map((bytes) => Buffer.from(bytes).toString('base64'));

/** What no one told the redactor of, as it comes in texts; the secret and the text that it is in. */
const planted: fc.Arbitrary<[string, string]> = fc.oneof(
  base64Url.map((it): [string, string] => [it, `Authorization: Bearer ${it}`]),
  base64.map((it): [string, string] => [it, `authorization: Basic ${it}`]),
  base64Url.map((it): [string, string] => [it, `GET https://admin:${it}@api.example:6443/api failed`]),
  base64Url.map((it): [string, string] => [it, `users:\n- user:\n    token: ${it}\n`]),
  base64.map((it): [string, string] => [it, `    client-key-data: ${it}\n`]),
  base64.map((it): [string, string] => [
    it,
    `-----BEGIN RSA PRIVATE KEY-----\n${it}\n-----END RSA PRIVATE KEY-----`,
  ]),
  base64.map((it): [string, string] => [it, `-----BEGIN PRIVATE KEY-----\n${it}`]),
  fc
    .tuple(base64Url, base64Url)
    .map(([body, signature]): [string, string] => [signature, `eyJhbGciOiJ.${body}.${signature}`]),
  base64Url.map((it): [string, string] => [`ghp_${it}`, `remote said ghp_${it}`]),
);

/** A value with the text somewhere in it: in a string, in a list, in a name. */
const around = (text: string) =>
  fc
    .tuple(fc.string(), fc.string(), fc.constantFrom('string', 'list', 'deep', 'name'))
    .map(([before, after, where]) => {
      const whole = `${before} ${text} ${after}`;
      if (where === 'list') return { seen: [before, whole] };
      if (where === 'deep') return { a: { b: [{ c: whole }] } };
      return where === 'name' ? { [text]: before } : { error: whole };
    });

describe('the redactor', () => {
  it('takes every secret that it was given out of whatever has it, and leaves JSON', () => {
    fc.assert(
      fc.property(
        secrets.chain((secret) => fc.tuple(fc.constant(secret), around(secret))),
        ([secret, value]) => {
          const own = new Redactor();
          own.learn(secret);
          const line = own.json(value);
          const strings: string[] = [];
          JSON.parse(line, (name, held: unknown) => {
            strings.push(name);
            if (typeof held === 'string') strings.push(held);
            return held;
          });
          for (const text of [...strings, line, own.text(`x ${secret} y`)])
            expect(text).to.not.include(secret);
          const encoded = Buffer.from(secret).toString('base64');
          expect(own.text(`secret: ${encoded}`)).to.not.include(encoded);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('takes out what looks like a secret, though nobody told it', () => {
    fc.assert(
      fc.property(
        planted.chain(([secret, text]) => fc.tuple(fc.constant(secret), fc.constant(text), around(text))),
        ([secret, text, value]) => {
          const own = new Redactor();
          expect(own.text(text)).to.not.include(secret);
          // In a name, a line break is JSON’s own two characters.
          if (!Object.keys(value).includes(text)) expect(own.json(value)).to.not.include(secret);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('takes the whole of a field that is called like a secret, and no other', () => {
    const own = new Redactor();
    const value = {
      token: 'p',
      'client-key-data': 'q',
      password: 'r',
      Authorization: 's',
      tokens: 't',
      keys: ['u'],
    };
    expect(JSON.parse(own.json(value))).to.deep.equal({
      ...{ token: REDACTED, 'client-key-data': REDACTED, password: REDACTED, Authorization: REDACTED },
      ...{ tokens: 't', keys: ['u'] },
    });
  });

  it('knows the environment’s secrets by their variables’ names', () => {
    const own = new Redactor();
    own.learnEnvironment({
      GITHUB_TOKEN: 'abcdefgh1',
      DB_PASSWORD: 'ijklmnop2',
      SECRET_FILE: '/run/secret',
      HOME: '/home/who',
    });
    expect(own.text('abcdefgh1 ijklmnop2 /run/secret /home/who')).to.equal(
      `${REDACTED} ${REDACTED} /run/secret /home/who`,
    );
  });

  it('leaves alone what is none', () => {
    const own = new Redactor();
    const plain = [
      'GPU-worker-1-0 of nvidia.com/gpu: 8 of 8 allocatable',
      'sha256:4f5243f1c0ffee4f5243f1c0ffee4f5243f1c0ffee4f5243f1c0ffee4f5243f1',
      'http://127.0.0.1:40123/api/v1/nodes: the key is held for 250 ms; a basic message',
      '0d6f2a0e-2f0c-4f2e-8d0c-0f6a3c1f5b7e',
    ];
    for (const text of plain) expect(own.text(text)).to.equal(text);
    expect(own.json({ text: plain })).to.equal(JSON.stringify({ text: plain }));
    own.learn('short');
    own.learn(undefined);
    expect(own.text('short')).to.equal('short');
  });
});

describe('what leaves the harness', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'redact-test-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('has no secret: neither a history’s file nor what is judged by it', () => {
    redactor.learn('planted "secret" 1');
    const path = join(folder, 'events.jsonl');
    const history = openHistory(path, systemClock);
    history.record('harness', 'run.ended', { error: 'with planted "secret" 1 and Bearer abcdefghijkl' });
    history.close();
    const error = `with ${REDACTED} and Bearer ${REDACTED}`;
    expect(history.events[0]?.body).to.deep.equal({ error });
    expect(JSON.parse(readFileSync(path, 'utf8')).body).to.deep.equal({ error });
    const memory = memoryRecorder(systemClock).record('pod/a', 'x', { log: 'planted "secret" 1' });
    expect(memory.body).to.deep.equal({ log: REDACTED });
  });

  it('has none in logs that others wrote, and keeps the rest byte for byte', () => {
    redactor.learn('planted-secret-2');
    mkdirSync(join(folder, 'deep'));
    const bytes = Buffer.from([0, 255, 128, 10, 195, 40]);
    writeFileSync(join(folder, 'deep', 'binary'), bytes);
    writeFileSync(
      join(folder, 'deep', 'log'),
      Buffer.concat([bytes, Buffer.from('planted-secret-2'), bytes]),
    );
    redactFolder(folder);
    redactFolder(join(folder, 'none'));
    expect(readFileSync(join(folder, 'deep', 'binary'))).to.deep.equal(bytes);
    const expected = Buffer.concat([bytes, Buffer.from(REDACTED), bytes]);
    expect(readFileSync(join(folder, 'deep', 'log'))).to.deep.equal(expected);
  });
});
