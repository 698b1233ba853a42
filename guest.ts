/** The composition root of what runs in a guest: whole plans, on the one cluster that a guest has. */

import { recordRun } from './harness/cli/record.ts';
import { embedded, suites } from './loaders.ts';
import manifest from './package.json' with { type: 'json' };

const parts = { version: manifest.version, providers: embedded, suites };
process.exitCode = await recordRun(parts, process.argv.slice(2));
