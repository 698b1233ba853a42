import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import type { Machine, Readiness, RunContext } from '../../harness/run/ports.ts';
import { insideGuest } from './inside.ts';
import { umlReadiness } from './readiness.ts';

/** What this machine has, as a placement asks for it. */
export interface Ready {
  inside(): boolean;
  uml(): Promise<Readiness[]>;
}

const thisMachine: Ready = { inside: insideGuest, uml: umlReadiness };

/**
 * How to boot the guest that a plan is to run in; undefined where it runs on this kernel, as everything does in the guest.
 * @throws OrdealError ISOLATION_NOT_READY (exit 4) with what is missing.
 */
export async function machineFor(
  { cluster, suites }: Plan,
  edge: string,
  ready: Ready = thisMachine,
): Promise<((context: RunContext) => Promise<Machine>) | undefined> {
  if (cluster.provider !== 'embedded' || cluster.isolation !== 'uml' || ready.inside()) return undefined;
  // To the others, isolation means nothing.
  if (!suites.some(({ name }) => name === edge)) return undefined;
  const lacks = missing(await ready.uml());
  if (lacks.length === 0) return (await import('./machine.ts')).umlMachine;
  throw new OrdealError({
    code: 'ISOLATION_NOT_READY',
    exit: EXIT.unable,
    tried: 'booting a user-mode-Linux guest for isolation uml',
    seen: lacks.map(({ name, detail }) => `${name}: ${detail}`).join('; '),
    todo: [...new Set(lacks.map(({ mend }) => mend ?? 'see ordeal doctor'))].join('; '),
  });
}

function missing(readiness: readonly Readiness[]): Readiness[] {
  return readiness.filter(({ ok }) => !ok);
}
