import { grouped } from '../harness/history/grouped.ts';
import type { NodeFound, Verdict } from '../harness/verdict/verdict.ts';

/**
 * What was found on the nodes of a cluster, as every format says it, under names for those that have one: nodes that are
 * alike in one line, and what differs from node to node in the last.
 */
export function nodeFacts({ nodes = [] }: Pick<Verdict['cluster'], 'nodes'>): [name: string, text: string][] {
  if (nodes.length === 0) return [['nodes.1', 'what the nodes run: not told']];
  const alike = grouped(nodes, ({ versions }) => versionsText(versions));
  const mixed = mixedText(nodes);
  return [
    ...[...alike].map(([versions, group], index): [string, string] => {
      const names = group.map(({ node }) => node).join(', ');
      return [`nodes.${index + 1}`, `${group.length === 1 ? 'node' : 'nodes'} ${names}: ${versions}`];
    }),
    ...(mixed === undefined
      ? []
      : [['nodes.mixed', `nodes of mixed versions: ${mixed}`] as [string, string]]),
  ];
}

function versionsText(versions: NodeFound['versions']): string {
  const untold = Object.keys(versions).filter((name) => versions[name] === null);
  return [
    ...Object.entries(versions).flatMap(([name, version]) =>
      version === null ? [] : [`${name} ${version}`],
    ),
    ...(untold.length > 0 ? [`not told: ${untold.join(', ')}`] : []),
  ].join('; ');
}

/** Of nodes that do not tell nothing is said: that is no other version. */
function mixedText(nodes: readonly NodeFound[]): string | undefined {
  const names = new Set(nodes.flatMap(({ versions }) => Object.keys(versions)));
  const mixed = [...names].flatMap((name) => {
    const told = new Set(nodes.flatMap(({ versions }) => versions[name] ?? []));
    return told.size > 1 ? [`${name} ${[...told].sort().join(' and ')}`] : [];
  });
  return mixed.length === 0 ? undefined : mixed.join('; ');
}
