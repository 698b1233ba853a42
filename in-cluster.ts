/** The composition root of what runs in someone's cluster: one plan on the cluster that it is in, its history on the way out. */

import { writeInnerKubeconfig } from './clusters/existing/in-cluster/kubeconfig.ts';
import { tellFailure } from './harness/cli/failure.ts';
import { recordRun } from './harness/cli/record.ts';
import { printHistory } from './harness/history/printed.ts';
import { redactWrites } from './harness/redact/own.ts';
import { existing, suites } from './loaders.ts';
import manifest from './package.json' with { type: 'json' };

for (const stream of [process.stdout, process.stderr]) redactWrites(stream);
process.once('uncaughtException', (error) => process.exit(tellFailure(error)));
writeInnerKubeconfig(process.env);
let printed = () => {};
const parts = { version: manifest.version, providers: existing, suites };
process.exitCode = await recordRun(parts, process.argv.slice(2), (history) => {
  printed = printHistory(history, (text) => process.stdout.write(text));
});
printed();
