import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import type { Context } from './kubeconfig.ts';

/** A cluster that may be broken on purpose: the name by which it was allowed, and which cluster that was. */
const Allowance = z.strictObject({
  context: z.string().min(1),
  /** UID of the namespace kube-system: a cluster's own, for as long as it lives. */
  uid: z.string().min(1),
  server: z.string(),
  kubeconfig: z.string(),
  /** ISO 8601. */
  allowedAt: z.string(),
});
export type Allowance = z.infer<typeof Allowance>;

const AllowanceFile = z.strictObject({ version: z.literal(1), clusters: z.array(Allowance) });

/** `$XDG_CONFIG_HOME/ordeal/allowed-clusters.json`. */
export function allowanceFile(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'ordeal', 'allowed-clusters.json');
}

/** @throws OrdealError ALLOWANCES_INVALID (exit 3): a file that cannot be read allows nothing. */
export function parseAllowances(text: string, path: string): Allowance[] {
  try {
    return AllowanceFile.parse(JSON.parse(text)).clusters;
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
    throw new OrdealError({
      code: 'ALLOWANCES_INVALID',
      exit: EXIT.usage,
      tried: `reading which clusters are allowed in ${path}`,
      seen: issue ? `${issue.path.join('.') || 'the file'}: ${issue.message}` : 'it is no JSON',
      todo: `mend or remove ${path}, then run \`ordeal allow --context NAME\` again`,
    });
  }
}

export function readAllowances(path = allowanceFile()): Allowance[] {
  return existsSync(path) ? parseAllowances(readFileSync(path, 'utf8'), path) : [];
}

/** Adds one, in place of any of the same name; nobody but this user may read the file. */
export function writeAllowance(allowance: Allowance, path = allowanceFile()): void {
  const others = readAllowances(path).filter(({ context }) => context !== allowance.context);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.new`;
  writeFileSync(fresh, allowancesText([...others, allowance]), { mode: 0o600 });
  renameSync(fresh, path);
}

/** As their file has them. */
export function allowancesText(clusters: readonly Allowance[]): string {
  return `${JSON.stringify({ version: 1, clusters }, undefined, 2)}\n`;
}

/**
 * Whether the cluster behind a context is the one that was allowed by this name.
 * @throws OrdealError CLUSTER_NOT_ALLOWED (exit 4), CLUSTER_CHANGED (exit 4).
 */
export function checkAllowed(context: Context, uid: string, allowances: readonly Allowance[]): void {
  const { kubeconfig, name, server } = context;
  const allow = `ordeal allow --context ${name} --kubeconfig ${kubeconfig}`;
  const tried = `using the cluster of context ${name} (${server})`;
  const allowed = allowances.find((allowance) => allowance.context === name);
  if (!allowed) {
    throw new OrdealError({
      code: 'CLUSTER_NOT_ALLOWED',
      exit: EXIT.unable,
      tried,
      seen: 'nobody has allowed it to be broken on purpose',
      todo: `run \`${allow}\`, which shows what it is`,
    });
  }
  if (allowed.uid === uid) return;
  throw new OrdealError({
    code: 'CLUSTER_CHANGED',
    exit: EXIT.unable,
    tried,
    seen: `it has the UID ${uid}, and what was allowed by this name on ${allowed.allowedAt} was ${allowed.uid} at ${allowed.server}`,
    todo: `point the context at the cluster that was meant, or run \`${allow}\` to allow this one`,
  });
}
