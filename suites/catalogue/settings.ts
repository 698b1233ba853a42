import { z } from 'zod';
import { Duration, type Plan } from '../../harness/plan/schema.ts';
import { partOf, resolvePart } from '../plan-part.ts';
import { holderLine, ROWS } from './rows.ts';

export const SUITE = 'catalogue';

const BUILT = ROWS.filter(({ heldBy }) => heldBy.by === 'scenario').map(({ id }) => id);

const RowId = z.string().superRefine((id, context) => {
  if (BUILT.includes(id)) return;
  const row = ROWS.find((each) => each.id === id);
  const why = row ? `${id} is held by ${holderLine(row)}` : `got ${id}`;
  context.addIssue({ code: 'custom', message: `expected one of ${BUILT.join(', ')}: ${why}` });
});

export const CatalogueSettings = z.strictObject({
  /** Rows of the catalogue, in the order in which they are run. */
  scenarios: z
    .array(RowId)
    .min(1, 'expected a row at least; `ordeal scenarios` lists them')
    .refine((ids) => new Set(ids).size === ids.length, 'expected each row once'),
  /** Of the plugin that a scenario brings along. */
  devices: z.int().min(2).max(64),
  /** How long a plugin's registration is withheld from a kubelet that has restarted. */
  withheld: Duration,
  /** How long all devices have to stay allocatable before they count as back. */
  stays: Duration,
  /** How long a pod, or a node's status, may take in a scenario's preparations. */
  patience: Duration,
});
export type CatalogueSettings = z.infer<typeof CatalogueSettings>;

export const Remedies = z.strictObject({
  /** The plugin looks after its socket, its stream and the kubelet's socket, and registers again; false: once, at its start. */
  supervisor: z.boolean(),
  /** The plugin advertises what its driver has lost as unhealthy. */
  healthCheck: z.boolean(),
  /** The container runtime is told of a container's devices, and knows them when it applies its rules anew. */
  declaredDevices: z.boolean(),
  /** The plugin's device IDs are the hardware's own; false: drawn anew at each start. */
  stableIds: z.boolean(),
  /** A DRA driver has prepared a claim when its devices are bound; false: at once. */
  awaitsBinding: z.boolean(),
  /** TX checksum offload of the edge's NIC is off: it is handed whole checksums. */
  offloadOff: z.boolean(),
  /** What a node has to show before it counts as ready: its capacity, work on the first GPU, or work on every one. */
  gate: z.enum(['capacity', 'first', 'every']),
});
export type Remedies = z.infer<typeof Remedies>;

/** A kubelet writes its node’s status so often (nodeStatusUpdateFrequency), an embedded one at once. */
const STATUS_MS = 10_000;

/** Long enough for a real node’s status to tell of it: for less time a look may show what was before. */
const Told = Duration.refine((ms) => ms > STATUS_MS, {
  error: `expected more than ${STATUS_MS / 1_000} s, for a kubelet tells of its node no oftener`,
});
const RealSettings = CatalogueSettings.extend({ withheld: Told, stays: Told });

const isReal = ({ cluster }: Plan) => cluster.provider !== 'embedded';

function defaultsOf(plan: Plan): Omit<CatalogueSettings, 'scenarios'> {
  const real = isReal(plan);
  return {
    devices: 4,
    withheld: real ? 30_000 : 4_000,
    stays: real ? 15_000 : 3_000,
    patience: real ? 120_000 : 60_000,
  };
}

function remediesOf(on: boolean): Remedies {
  const gate = on ? 'every' : 'capacity';
  return {
    ...{ supervisor: on, healthCheck: on, declaredDevices: on, stableIds: on },
    ...{ awaitsBinding: on, offloadOff: on, gate },
  };
}

/** @throws OrdealError PLAN_INVALID (exit 3) with every path. */
export function resolve(plan: Plan): Plan {
  return resolvePart(plan, SUITE, {
    settings: { schema: isReal(plan) ? RealSettings : CatalogueSettings, defaults: defaultsOf(plan) },
    remedies: { schema: Remedies, defaults: () => remediesOf(plan.profile === 'hardened') },
    workers: plan.cluster.workers ?? 1,
  });
}

/** The suite's part of a resolved plan. */
export function settingsOf(plan: Plan): { settings: CatalogueSettings; remedies: Remedies } {
  const { part } = partOf(plan, SUITE);
  return { settings: CatalogueSettings.parse(part.settings), remedies: Remedies.parse(part.remedies) };
}
