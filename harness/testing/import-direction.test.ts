import { expect } from 'chai';
import { wrongImports } from './import-direction.ts';

describe('import direction', () => {
  it('lets imports run down', () => {
    const source =
      "import { a } from '../../faults/port.ts';\nimport type { b } from '../../harness/clock/clock.ts';";
    expect(wrongImports('suites/gpu/suite.ts', source)).to.deep.equal([]);
    expect(
      wrongImports('faults/gpu/delay.ts', "import { c } from '../../clusters/gpu-node/control.ts';"),
    ).to.deep.equal([]);
  });

  it('catches an import that runs up, also a dynamic one and a re-export', () => {
    expect(wrongImports('harness/run/run.ts', "import { a } from '../../clusters/port.ts';")).to.have.length(
      1,
    );
    expect(wrongImports('harness/run/run.ts', "await import('../../suites/gpu/suite.ts');")).to.have.length(
      1,
    );
    expect(wrongImports('reports/json.ts', "export * from '../suites/gpu/suite.ts';")).to.have.length(1);
  });

  it('shows faults no provider', () => {
    expect(
      wrongImports('faults/gpu/x.ts', "import { p } from '../../clusters/kind/provider.ts';"),
    ).to.have.length(1);
  });
});
