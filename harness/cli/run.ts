import { join } from 'node:path';
import { EXIT, type ExitCode, OrdealError } from '../errors/error.ts';
import { type Control, exitCodeOf, exitCodeOfControls } from '../verdict/exit-code.ts';
import type { Profile, Verdict } from '../verdict/verdict.ts';
import type { Parts } from './parts.ts';
import { conductAndReport, groundFor, outFolder, planOf, type RunOptions } from './runs.ts';
import { inSession } from './session.ts';

/**
 * `ordeal run`. With a profile (or a plan): one run, its verdict is the exit code. With neither: both profiles as
 * controls on one cluster, the incident to be refused and the hardened profile to be certified.
 */
export async function run(parts: Parts, options: RunOptions, replay: string): Promise<ExitCode> {
  const single = options.profile !== undefined || options.plan !== undefined;
  const wanted: Profile[] = ['incident', 'hardened'];
  const runs = single
    ? [{ ...(await planOf(parts, options)), expected: undefined }]
    : await Promise.all(
        wanted.map(async (profile) => ({
          // One refusal needs no sample size: the incident is run as small as its level goes.
          ...(await planOf(
            parts,
            profile === 'incident' ? { ...options, level: 'smoke' } : options,
            profile,
          )),
          expected: profile === 'incident' ? ('fail' as const) : ('pass' as const),
        })),
      );
  // The cluster is brought up for the last plan, which is the larger one.
  const { plan } = runs.at(-1) as (typeof runs)[number];
  const outDir = outFolder(options);
  const groundUp = await groundFor(parts, plan);
  return await inSession({ plan, outDir, quiet: options.quiet }, async (context) => {
    const ground = await groundUp(context);
    const controls: Control[] = [];
    const verdicts: Verdict[] = [];
    for (const { plan: own, suites, expected } of runs) {
      if (context.signal.aborted) break;
      const { verdict } = await conductAndReport(
        parts,
        {
          ...context,
          plan: own,
          outDir: single ? outDir : join(outDir, own.profile),
          runId: `${context.runId}-${own.profile}`,
        },
        { ground, suites, replay },
      );
      verdicts.push(verdict);
      if (expected) controls.push({ verdict, expected });
    }
    if (!single) await parts.reportControls(controls);
    process.stdout.write(`report: ${outDir}\n`);
    const reason = context.signal.reason;
    if (reason instanceof OrdealError && reason.exit === EXIT.interrupted) return EXIT.interrupted;
    const [only] = verdicts;
    return single && only ? exitCodeOf(only.verdict) : exitCodeOfControls(controls);
  });
}
