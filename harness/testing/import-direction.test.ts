import { expect } from 'chai';
import { wrongImports } from './import-direction.ts';

/** Built here, or the check would find this file's own examples. */
const from = (path: string) => `import { a } from '${path}';`;

describe('import direction', () => {
  it('lets imports run down', () => {
    const source = `${from('../../faults/port.ts')}\n${from('../../harness/clock/clock.ts')}`;
    expect(wrongImports('suites/gpu/suite.ts', source)).to.deep.equal([]);
    expect(wrongImports('faults/gpu/delay.ts', from('../../clusters/gpu-node/control.ts'))).to.deep.equal([]);
  });

  it('catches an import that runs up, also a dynamic one and a re-export', () => {
    const path = '../../suites/gpu/suite.ts';
    expect(wrongImports('harness/run/run.ts', from('../../clusters/port.ts'))).to.have.length(1);
    expect(wrongImports('harness/run/run.ts', `await import('${path}');`)).to.have.length(1);
    expect(wrongImports('reports/json/json.ts', `export * from '${path}';`)).to.have.length(1);
  });

  it('shows faults no provider', () => {
    expect(wrongImports('faults/gpu/x.ts', from('../../clusters/kind/provider.ts'))).to.have.length(1);
  });
});
