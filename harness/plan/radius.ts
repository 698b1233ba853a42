import { z } from 'zod';

const label = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'expected a name; there are no patterns here');
/** Names outright. An empty list reads like "none" to one person and like "any" to the next. */
const names = <Name extends z.ZodType<string>>(name: Name) =>
  z.array(name).min(1, 'expected a name at least: leave the list out, an empty selector is refused');

/** What faults may touch. What is left out is filled in when a plan is resolved: `resolvedRadius`. */
export const RadiusPlan = z.strictObject({
  nodes: z
    .strictObject({
      /** All workers of the cluster. */
      workers: z.boolean().optional(),
      /** Further nodes, outright; the only way to a node of the control plane but `cloud`. */
      names: names(label).optional(),
      /** The control plane’s node where it is the cloud of the suite edge’s network, or cluster/upgrade comes to it. */
      cloud: z.boolean().optional(),
      /** Nodes that may be touched at once. */
      most: z.int().min(1).optional(),
      /** In percent of the cluster’s nodes, control plane included. */
      share: z.number().positive().max(100).optional(),
    })
    .prefault({}),
  interfaces: z
    .strictObject({
      /** Those of the links that the run made, or was given, for edge nodes. */
      links: z.boolean().optional(),
      /** Devices, on whatever node of the radius. */
      names: names(z.string().regex(/^[^\s/*]{1,15}$/, 'expected an interface’s name')).optional(),
    })
    .prefault({}),
  namespaces: z
    .strictObject({
      /** Those that the run makes for its own workloads. */
      own: z.boolean().optional(),
      names: names(label).optional(),
    })
    .prefault({}),
  /** Names such as `nvidia.com/gpu`, `jobs` or `broker`; those that the suites break, unless told. */
  resources: names(z.string().regex(/^[A-Za-z0-9._/-]+$/, 'expected a resource’s name')).optional(),
  /** Whether traffic of pods with hostNetwork may be touched. */
  hostNetwork: z.boolean().default(false),
});
export type RadiusPlan = z.infer<typeof RadiusPlan>;
