import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { OrdealError } from '../../harness/errors/error.ts';
import {
  type Allowance,
  checkAllowed,
  parseAllowances,
  readAllowances,
  writeAllowance,
} from './allowance.ts';

const context = { name: 'prod', kubeconfig: '/k', server: 'https://a:6443' };
const allowance = (more: Partial<Allowance> = {}): Allowance => ({
  context: 'prod',
  uid: 'u1',
  server: 'https://a:6443',
  kubeconfig: '/k',
  allowedAt: '2026-01-01T00:00:00.000Z',
  ...more,
});

function thrownBy(act: () => unknown): OrdealError {
  try {
    act();
  } catch (error) {
    expect(error).to.be.instanceOf(OrdealError);
    return error as OrdealError;
  }
  throw new Error('nothing was thrown');
}

describe('clusters that are allowed', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'allowance-test-'));
    path = join(folder, 'ordeal', 'allowed.json');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are in a file that nobody else may read, one by each name', () => {
    writeAllowance(allowance(), path);
    writeAllowance(allowance({ context: 'other', uid: 'u2' }), path);
    writeAllowance(allowance({ uid: 'u3' }), path);
    expect(readAllowances(path).map(({ context: name, uid }) => [name, uid])).to.deep.equal([
      ['other', 'u2'],
      ['prod', 'u3'],
    ]);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
  });

  it('are none where there is no file, and then none may be used', () => {
    const { code, exit, todo } = thrownBy(() => checkAllowed(context, 'u1', readAllowances(path)));
    expect({ code, exit }).to.deep.equal({ code: 'CLUSTER_NOT_ALLOWED', exit: 4 });
    expect(todo).to.contain('ordeal allow --context prod --kubeconfig /k');
  });

  it('are not those of another name with the same UID', () => {
    expect(thrownBy(() => checkAllowed(context, 'u1', [allowance({ context: 'other' })])).code).to.equal(
      'CLUSTER_NOT_ALLOWED',
    );
  });

  it('are not those of the name that are another cluster by now', () => {
    const { code, exit, seen } = thrownBy(() => checkAllowed(context, 'u9', [allowance()]));
    expect({ code, exit }).to.deep.equal({ code: 'CLUSTER_CHANGED', exit: 4 });
    expect(seen).to.contain('u9').and.to.contain('u1');
  });

  it('may be used by name and UID', () => {
    checkAllowed(context, 'u1', [allowance()]);
  });

  it('a file of any other content allows nothing, exit 3', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const { code, exit } = thrownBy(() => parseAllowances(text, path));
        expect({ code, exit }).to.deep.equal({ code: 'ALLOWANCES_INVALID', exit: 3 });
      }),
    );
  });
});
