import { z } from 'zod';
import { Level, Profile } from '../verdict/verdict.ts';
import { RadiusPlan } from './radius.ts';

/** A duration in a plan: `250ms`, `1.5s`, `2m`, `7d`, or a number of milliseconds. Parsed to milliseconds. */
export const Duration = z.union([
  z.number().nonnegative(),
  z
    .string()
    .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'expected a duration such as 250ms, 1.5s, 2m, 1h or 7d')
    .transform((text) => {
      const [, figure, unit] = /^([\d.]+)(ms|s|m|h|d)$/.exec(text) as unknown as [
        string,
        string,
        'ms' | 's' | 'm' | 'h' | 'd',
      ];
      return Number(figure) * { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
    }),
]);

/**
 * A way in which an embedded kubelet differs from upstream's: the broken and the mended ones that prove what the suites
 * refuse and what they pass.
 */
export const KubeletVariant = z.enum([
  /** At its restart it ends the running pods whose plugin has not registered again. */
  'ends-pods-at-restart',
  /** At its restart it admits finished pods anew, and without their plugin they fail. */
  'admits-finished-pods',
  /** After a reboot it admits pods whose plugin has not registered, as kubelets before kubernetes/kubernetes#116376 did. */
  'admits-unregistered',
  /** Its own socket is no checkpoint to it. */
  'tells-sockets-apart',
  /** Devices of a pod that was refused half way stay taken. */
  'leaks-refused-devices',
  /** A plugin that is late with its end takes nobody's devices along. */
  'tells-streams-apart',
  /** A pod that waits for its plugin keeps no other pod waiting. */
  'admits-concurrently',
  /** A plugin that ends in the midst of its Allocate takes it along, and it starts anew. */
  'panics-at-broken-allocate',
  /** A device that a pod holds counts as free. */
  'gives-held-devices',
  /** Devices of pods that have ended stay taken. */
  'keeps-ended-devices',
  /** A container starts without what Allocate gave it. */
  'withholds-devices',
  /** PreStartContainer is not called, though the plugin asks for it. */
  'skips-prestart',
  /** PodResources shows each container the first device, whichever it has. */
  'lists-first-device',
]);
export type KubeletVariant = z.infer<typeof KubeletVariant>;

export const ClusterPlan = z.strictObject({
  provider: z.enum(['embedded', 'kind', 'k3s', 'existing']).default('embedded'),
  /** Name of the cluster; the run's own when left out. */
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/, 'expected a DNS label of at most 32 characters')
    .optional(),
  kubernetes: z
    .string()
    .regex(/^v?\d+\.\d+(\.\d+)?$/, 'expected a version such as 1.34.4')
    .optional(),
  /** Worker nodes. The incident's cluster had 3. */
  workers: z.int().min(1).max(500).optional(),
  /** Embedded only: how the network of edge nodes is made; `auto` takes netns where this machine has it, else process. */
  isolation: z.enum(['auto', 'process', 'netns', 'uml']).default('auto'),
  /**
   * K3s only: the pod network goes over a tunnel from each agent to the server, which has to be there before it is. The
   * suite edge asks for it.
   */
  tunnel: z.boolean().default(false),
  /** Existing only: the kubeconfig's context, allowed by `ordeal allow`, and the file where kubectl would not find it. */
  context: z.string().min(1).optional(),
  kubeconfig: z.string().min(1).optional(),
  /** Existing only: the nodes to work on; without it every one that is no control plane and takes pods. */
  nodes: z.array(z.string().min(1)).min(1).optional(),
  /** Existing only: the harness itself runs in the cluster, as a Job. */
  inCluster: z.boolean().default(false),
  /** Existing only: the image of workload pods and fake GPU nodes, which the nodes have or can pull. */
  workloadImage: z.string().min(1).optional(),
  /** Embedded only: milliseconds from Allocate's answer to a container's first instruction, uncontended. */
  startLatency: Duration.optional(),
  /** Embedded only: a kubelet that is not upstream's. */
  kubelet: z.array(KubeletVariant).optional(),
});
export type ClusterPlan = z.infer<typeof ClusterPlan>;

/** A fault as scheduled: `with` is checked by the fault's own schema. */
export const FaultPlan = z.strictObject({
  kind: z.string(),
  with: z.record(z.string(), z.unknown()).default({}),
});
export type FaultPlan = z.infer<typeof FaultPlan>;

const RequirementPlan = z.strictObject({
  threshold: z.number().optional(),
  /** For `ordeal certify`: a difference from the baseline that does not matter, in the requirement's unit. */
  margin: z.number().positive().optional(),
  /** Leave the requirement out of the verdict, with the reason that the report shows. */
  skip: z.string().optional(),
});

/** One suite of a run. `settings`, `remedies` and each fault's `with` are checked by the suite and the fault named. */
export const SuitePlan = z.strictObject({
  name: z.string().default('gpu'),
  settings: z.record(z.string(), z.unknown()).default({}),
  /** Remedies by name, over what the profile switches on. */
  remedies: z.record(z.string(), z.unknown()).default({}),
  /** Left out: the suite's own schedule. An empty list is a run without faults, which can certify nothing. */
  faults: z.array(FaultPlan).optional(),
});
export type SuitePlan = z.infer<typeof SuitePlan>;

export const Plan = z.strictObject({
  apiVersion: z.literal('ordeal.dev/v1alpha1').default('ordeal.dev/v1alpha1'),
  kind: z.literal('Plan').default('Plan'),
  profile: Profile.default('hardened'),
  level: Level.default('standard'),
  seed: z.int().nonnegative().default(1),
  deadline: Duration.default(30 * 60_000),
  cluster: ClusterPlan.prefault({}),
  /** What faults may touch. */
  radius: RadiusPlan.prefault({}),
  suites: z.array(SuitePlan).min(1).prefault([{}]),
  requirements: z.record(z.string(), RequirementPlan).default({}),
});
export type Plan = z.infer<typeof Plan>;
