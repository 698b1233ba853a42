import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { requirement, verdictOf } from '../../harness/verdict/testing/sample.ts';
import { reportAll } from '../multiplexer.ts';
import { csvReporter } from './csv.ts';

describe('the worked example of a report', () => {
  it('writes the verdict’s own figures, quoted where they need it', async () => {
    const outDir = await mkdtemp(join(tmpdir(), 'ordeal-csv-'));
    try {
      const verdict = verdictOf({
        requirements: [
          requirement({ reason: 'said "no", twice' }),
          requirement({ id: 'GPU-2', measured: null }),
        ],
      });
      const about = {
        verdict,
        history: [],
        timeline: () => [],
        outDir,
        env: {},
        stdout: { write: () => true },
      };
      const { written } = await reportAll([csvReporter], about, { error: () => undefined });
      expect(written).to.deep.equal([join(outDir, 'requirements.csv')]);
      const [header, first, second] = (await readFile(written[0] as string, 'utf8')).split('\r\n');
      expect(header).to.equal('id,verdict,measured,threshold,unit,samples,evidence,reason');
      expect(first).to.equal('GPU-1,pass,0,0,%,2995,real-kubernetes,"said ""no"", twice"');
      expect(second).to.match(/^GPU-2,pass,,0,/);
    } finally {
      await rm(outDir, { recursive: true });
    }
  });
});
