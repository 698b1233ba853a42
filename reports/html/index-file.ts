import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { redactor } from '../../harness/redact/own.ts';
import type { ControlPlace } from '../../harness/run/ports.ts';
import { indexPage } from './index-page.ts';

/** `index.html` in the folder of several controls; returns its path. */
export async function writeIndex(
  outDir: string,
  lanes: readonly (readonly ControlPlace[])[],
): Promise<string> {
  const path = join(outDir, 'index.html');
  await writeFile(path, indexPage(JSON.parse(redactor.json(lanes))));
  return path;
}
