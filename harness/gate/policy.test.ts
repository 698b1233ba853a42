import { expect } from 'chai';
import { OrdealError } from '../errors/error.ts';
import { parsePolicy, policyJsonSchema } from './policy.ts';

const base = 'evidence: modelled\nlevel: smoke\nmaxAge: 36h\n';

function refusal(text: string): OrdealError {
  try {
    parsePolicy(text, 'reading a policy');
  } catch (error) {
    if (error instanceof OrdealError) return error;
    throw error;
  }
  throw new Error('the policy was accepted');
}

describe('a policy', () => {
  it('says evidence, level and age itself, and has a default for the rest', () => {
    const policy = parsePolicy(`${base}requirements:\n  GPU-1:\n`, 'x');
    expect(policy).to.deep.include({ maxAge: 129_600_000, history: 'required', waivers: [] });
    expect(policy.profiles).to.deep.equal(['hardened', 'as-is']);
    expect(policy.requirements).to.deep.equal({ 'GPU-1': {} });
    expect(refusal('requirements: {GPU-1: {}}').seen).to.match(/evidence: .*\n.*level: .*\n.*maxAge: /);
  });

  it('with mistakes is refused with exit 3, each with its path, its line and what was expected', () => {
    const error = refusal(
      `${base}lanes:\n  - kubernetes: 1.30\nrequirements:\n  GPU-*: {}\n  GPU-1: {evidence: strong}\ncolour: blue\n` +
        'waivers:\n  - requirement: "*"\n    owner: " "\n    reason: x\n    expires: 2026-02-30\n',
    );
    expect(error).to.include({ code: 'POLICY_INVALID', exit: 3 });
    for (const part of [
      /lanes\.0\.kubernetes \(line 5\): .*quotes/,
      /requirements\.GPU-\* \(line 7\): .*no wildcards/,
      /requirements\.GPU-1\.evidence \(line 8\): .*real-kernel/,
      /colour \(line 9\): unknown/,
      /waivers\.0\.requirement \(line 11\): .*no wildcards/,
      /waivers\.0\.owner \(line 12\): expected who answers/,
      /waivers\.0\.expires \(line 14\): expected a day/,
    ]) {
      expect(error.seen).to.match(part);
    }
  });

  it('that asks for nothing, waives one requirement twice or waives without an end is refused', () => {
    expect(refusal(`${base}requirements: {}`).seen).to.match(/a gate that asks nothing is none/);
    const waiver = '{requirement: GPU-1, owner: a, reason: b, expires: 2026-01-01}';
    const twice = refusal(`${base}requirements: {GPU-1: {}}\nwaivers: [${waiver}, ${waiver}]`);
    expect(twice.seen).to.match(/waivers\.1\.requirement .*waived above already/);
    const endless = `${base}requirements: {GPU-1: {}}\nwaivers: [{requirement: GPU-1, owner: a, reason: b}]`;
    expect(refusal(endless).seen).to.match(/waivers\.0\.expires/);
  });

  it('has a JSON Schema with every field', () => {
    expect(policyJsonSchema().properties).to.have.all.keys(
      ...['apiVersion', 'kind', 'profiles', 'evidence', 'level', 'maxAge', 'lanes', 'faults', 'history'],
      ...['attestation', 'requirements', 'waivers'],
    );
  });
});
