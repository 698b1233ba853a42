/** The composition root: the only place that knows every folder. */

import type { Cluster } from './clusters/port.ts';
import { tellFailure } from './harness/cli/failure.ts';
import { outliveReader } from './harness/cli/gone-reader.ts';
import type { Parts } from './harness/cli/parts.ts';
import { main } from './harness/cli/program.ts';
import { redactWrites } from './harness/redact/own.ts';
import { embedded, existing, provider, scenarios, suites } from './loaders.ts';
import manifest from './package.json' with { type: 'json' };

const parts: Parts = {
  version: manifest.version,
  providers: {
    ...embedded,
    kind: async () => provider((await import('./clusters/kind/provider.ts')).kindProvider),
    k3s: async () => provider((await import('./clusters/k3s/provider.ts')).k3sProvider),
    ...existing,
  },
  suites,
  scenarios,
  async reporters() {
    const [
      { allureReporter },
      { consoleReporter },
      { githubReporter },
      { htmlReporter },
      { jsonReporter },
      { junitReporter },
      { markdownReporter },
      { metricsReporter },
    ] = await Promise.all([
      import('./reports/allure.ts'),
      import('./reports/console.ts'),
      import('./reports/github.ts'),
      import('./reports/html/html.ts'),
      import('./reports/json.ts'),
      import('./reports/junit.ts'),
      import('./reports/markdown.ts'),
      import('./reports/metrics/metrics.ts'),
    ]);
    return [
      jsonReporter,
      junitReporter,
      markdownReporter,
      htmlReporter,
      allureReporter,
      metricsReporter,
      githubReporter,
      consoleReporter,
    ];
  },
  async reportAll(reporters, context, log) {
    const { reportAll } = await import('./reports/multiplexer.ts');
    return await reportAll(reporters, context, log);
  },
  async metrics(targets) {
    return await (await import('./reports/metrics/live.ts')).liveMetrics(targets);
  },
  async generateAllure(outDir, options) {
    return await (await import('./reports/allure-html.ts')).generateAllure(outDir, options);
  },
  async reportControls(controls) {
    const { reportControls } = await import('./reports/console.ts');
    reportControls(controls, { stdout: process.stdout, env: process.env });
  },
  async writeIndex(outDir, lanes) {
    return await (await import('./reports/html/index-file.ts')).writeIndex(outDir, lanes);
  },
  async reportGate(decision, quiet) {
    const [{ gateText }, { gateAnnotations }] = await Promise.all([
      import('./reports/gate/console.ts'),
      import('./reports/gate/annotations.ts'),
    ]);
    if (!quiet) process.stdout.write(gateText(decision));
    // GitHub takes commands on either stream.
    if (process.env.GITHUB_ACTIONS === 'true') process.stderr.write(gateAnnotations(decision));
  },
  async reportComparison(comparison, outDir) {
    const { reportComparison } = await import('./reports/comparison/report.ts');
    return await reportComparison(comparison, { outDir, env: process.env, stdout: process.stdout });
  },
  async attestation() {
    return await import('./reports/attestation/attestation.ts');
  },
  async isolations() {
    return (await import('./clusters/network/open.ts')).ISOLATIONS;
  },
  async sweepNetworks() {
    const [{ sweepLabs }, { sweepKeepers }] = await Promise.all([
      import('./clusters/network/netns/remove.ts'),
      import('./clusters/network/nodes/keeper.ts'),
    ]);
    return [...(await sweepLabs()), ...(await sweepKeepers())];
  },
  async machineFor(plan) {
    if (plan.cluster.inCluster) {
      return (await import('./clusters/existing/in-cluster/machine.ts')).inClusterMachineFor(plan);
    }
    return await (await import('./clusters/uml/placement.ts')).machineFor(plan, 'edge');
  },
  async existing() {
    const [{ allow }, { examine }] = await Promise.all([
      import('./clusters/existing/allow.ts'),
      import('./clusters/existing/examine.ts'),
    ]);
    return { allow, examine };
  },
  async images() {
    const [{ buildAll }, { listImages }] = await Promise.all([
      import('./clusters/images/build.ts'),
      import('./clusters/images/images.ts'),
    ]);
    return { build: buildAll, list: listImages };
  },
  simulators: {
    edge: async () => await import('./suites/edge/simulation/command.ts'),
    gpu: async () => await import('./suites/gpu/simulation/command.ts'),
  },
  async simulationPage(parts) {
    return (await import('./reports/html/simulation.ts')).simulationPage(parts);
  },
  async faults() {
    const [{ checkByHand, checkTargets, holdByHand }, { CATALOGUE }, { heldFaults }] = await Promise.all([
      import('./faults/by-hand.ts'),
      import('./faults/catalogue.ts'),
      import('./faults/journal.ts'),
    ]);
    return {
      kinds: CATALOGUE,
      check: checkByHand,
      checkTargets: (wanted, cluster) => checkTargets(wanted, cluster as Cluster),
      hold: (wanted, context, cluster) => holdByHand(wanted, context, cluster as Cluster),
      held: () => heldFaults(),
    };
  },
  async healJournal() {
    return await (await import('./faults/journal.ts')).healJournal();
  },
};

for (const stream of [process.stdout, process.stderr]) {
  redactWrites(stream);
  outliveReader(stream);
}
// Node would exit with 1, which says that a cluster was refused. What was broken is healed by its dead-men and the caretaker.
process.once('uncaughtException', (error) => process.exit(tellFailure(error)));
process.exitCode = await main(parts, process.argv.slice(2));
