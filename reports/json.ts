import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VERDICT_FILE } from '../harness/run/files.ts';
import type { Reporter } from '../harness/run/ports.ts';

/** `verdict.json`. Renamed into place: whoever waits for the file never reads half of it. */
export const jsonReporter: Reporter = {
  name: 'json',
  async report({ verdict, outDir }) {
    const path = join(outDir, VERDICT_FILE);
    await mkdir(outDir, { recursive: true });
    await writeFile(`${path}.part`, `${JSON.stringify(verdict, null, 2)}\n`);
    await rename(`${path}.part`, path);
    return [path];
  },
};
