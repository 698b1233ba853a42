import { EXIT, type ExitCode, OrdealError } from '../errors/error.ts';
import { parsePlan } from '../plan/load.ts';
import type { Readiness } from '../run/ports.ts';
import { abandonedWorkDirs, keepWorkDir, makeWorkDir, removeWorkDir } from '../run/work-dir.ts';
import { tellFailure } from './failure.ts';
import { overridesOf, type RunOptions } from './options.ts';
import type { Parts } from './parts.ts';
import { providerOf } from './provider-of.ts';
import { inSession } from './session.ts';

export interface DoctorOptions {
  json: boolean;
  /** A cluster that is someone's, in place of this machine. */
  context?: string | undefined;
  kubeconfig?: string | undefined;
  /** For the pods that look at its nodes; without it they are not looked at. */
  image?: string | undefined;
  /** The harness would run in it. */
  inCluster?: boolean | undefined;
}

/**
 * `ordeal doctor`: what each provider and each isolation finds on this machine, and what mends what is missing. Exit 0
 * when a provider is ready.
 */
export async function doctor(parts: Parts, options: DoctorOptions): Promise<ExitCode> {
  const { context, image, inCluster, json, kubeconfig } = options;
  if (context !== undefined) return await doctorOf(parts, { context, image, inCluster, json, kubeconfig });
  const found: Record<string, Readiness[]> = {};
  for (const [name, load] of Object.entries(parts.providers)) found[name] = await (await load()).readiness();
  const ready = Object.values(found).some((checks) => checks.every(({ ok }) => ok));
  for (const [name, readiness] of Object.entries(await parts.isolations())) found[name] = await readiness();
  if (json) {
    process.stdout.write(`${JSON.stringify(found, undefined, 2)}\n`);
  } else {
    for (const [name, checks] of Object.entries(found)) tell(name, checks);
  }
  return ready ? EXIT.certified : EXIT.unable;
}

/** `ordeal doctor --context NAME`: what one cluster that is someone's would say to a run. Exit 0 when it would hold one. */
async function doctorOf(
  parts: Parts,
  { json, ...of }: Omit<DoctorOptions, 'context'> & { context: string },
): Promise<ExitCode> {
  const { examine } = await parts.existing();
  const { checks, role } = await examine({
    kubeconfig: undefined,
    image: undefined,
    ...of,
    inCluster: of.inCluster ?? false,
  });
  if (json) {
    process.stdout.write(`${JSON.stringify({ checks, role }, undefined, 2)}\n`);
  } else {
    tell(`context ${of.context}`, checks);
    if (role !== undefined) process.stdout.write(`---\n${role}`);
  }
  return checks.every(({ ok }) => ok) ? EXIT.certified : EXIT.unable;
}

function tell(name: string, checks: readonly Readiness[]): void {
  const all = checks.every(({ ok }) => ok);
  process.stdout.write(`${name}: ${all ? 'ready' : 'not ready'}\n`);
  for (const check of checks) {
    process.stdout.write(`  ${check.ok ? 'ok     ' : 'missing'}  ${check.name}: ${check.detail}\n`);
    if (!check.ok && check.mend) process.stdout.write(`           do: ${check.mend}\n`);
  }
}

/** `ordeal allow --context NAME`: says what the cluster is, and that it may be broken on purpose. */
export async function allow(
  parts: Parts,
  { context, kubeconfig }: { context: string; kubeconfig?: string },
): Promise<ExitCode> {
  process.stdout.write(await (await parts.existing()).allow(context, kubeconfig));
  return EXIT.certified;
}

/** `ordeal up`: a cluster that stays, until `ordeal down`. */
export async function up(parts: Parts, options: RunOptions & { name?: string }): Promise<ExitCode> {
  const overrides = [...overridesOf(options), ...(options.name ? [`cluster.name=${options.name}`] : [])];
  const plan = parsePlan('', 'reading the command line', overrides);
  const named = { ...plan, cluster: { ...plan.cluster, name: plan.cluster.name ?? 'ordeal' } };
  const provider = await providerOf(parts, named);
  const outDir = makeWorkDir('up-');
  const { name, kubeconfig } = await inSession({ plan: named, outDir, quiet: options.quiet }, (context) =>
    context.task(`cluster: ${provider.name}`, () => provider.upDetached(context)),
  ).catch(async (error: unknown) => {
    if (error instanceof OrdealError && error.exit === EXIT.interrupted) await removeWorkDir(outDir);
    // For what it says of the failure.
    else keepWorkDir(outDir);
    throw error;
  });
  await removeWorkDir(outDir);
  process.stdout.write(`${provider.name} cluster ${name} is up\nexport KUBECONFIG=${kubeconfig}\n`);
  return EXIT.certified;
}

/** `ordeal down NAME`: whichever provider has it. */
export async function down(parts: Parts, name: string): Promise<ExitCode> {
  const ended: string[] = [];
  for (const [provider, load] of Object.entries(parts.providers)) {
    if (await (await load()).down(name)) ended.push(provider);
  }
  process.stdout.write(
    ended.length > 0 ? `${name} is down (${ended.join(', ')})\n` : `there was no cluster ${name}\n`,
  );
  return EXIT.certified;
}

/** `ordeal clean`: heals and removes what runs that are gone have left. Any number of times. */
export async function clean(parts: Parts): Promise<ExitCode> {
  const removed: string[] = [];
  const failures: unknown[] = [];
  // What cannot be healed or reached is told at the end: it keeps nothing else from being removed.
  const attempt = async (sweep: () => Promise<string[]>) => {
    try {
      removed.push(...(await sweep()));
    } catch (error) {
      failures.push(error);
    }
  };
  await attempt(() => parts.healJournal());
  for (const load of Object.values(parts.providers)) await attempt(async () => (await load()).clean());
  await attempt(() => parts.sweepNetworks());
  for (const folder of abandonedWorkDirs()) {
    await attempt(async () => {
      await removeWorkDir(folder);
      return [`scratch folder ${folder}`];
    });
  }
  process.stdout.write(
    removed.length > 0
      ? `${removed.map((line) => `removed: ${line}`).join('\n')}\n`
      : failures.length > 0
        ? ''
        : 'nothing was left behind\n',
  );
  const codes = failures.map(tellFailure);
  return codes[0] ?? EXIT.certified;
}
