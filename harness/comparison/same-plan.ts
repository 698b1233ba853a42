import { differences } from '../gate/contradictions.ts';
import type { Plan } from '../plan/schema.ts';

/**
 * What a plan asks for otherwise than another, but for where it runs, what it is called and how long it may take. Pure.
 * @param declared fields that may differ, as `path=value`
 */
export function planDifferences(one: Plan, other: Plan, declared: readonly string[] = []): string[] {
  const paths = declared.map((override) => override.slice(0, override.indexOf('=')));
  const isDeclared = (path: string) => paths.some((each) => path === each || path.startsWith(`${each}.`));
  return differences(compared(other), compared(one), '').filter(
    (difference) => !isDeclared(difference.slice(0, difference.indexOf(' ('))),
  );
}

/** As JSON has it: what is left out is not there. */
function compared({ cluster, deadline, requirements, ...plan }: Plan): unknown {
  const { isolation, kubernetes, name, provider, tunnel, ...asked } = cluster;
  return JSON.parse(JSON.stringify({ ...plan, requirements, cluster: asked }));
}
