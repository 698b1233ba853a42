import { z } from 'zod';
import { ClusterLeft, Evidence, NodeFound } from '../verdict/verdict.ts';
import type { EngineEvents } from './event.ts';

const names = z.array(z.string());
const fault = z.string();
const named = { fault, kind: z.string(), target: z.string() };
const end = z.enum(['done', 'failed', 'interrupted']);

/** The bodies of the engine's own events, as checked when a history is read: the verdict rests on these. */
export const engineEventBodies = {
  'run.started': z.object({
    runId: z.string(),
    ordeal: z.string(),
    seed: z.number(),
    profile: z.string(),
    level: z.string(),
    replay: z.string(),
    judgedBy: z.object({ suites: z.unknown(), requirements: z.unknown() }).optional(),
  }),
  'cluster.up': z.object({
    name: z.string(),
    provider: z.string(),
    versions: z.record(z.string(), z.string()),
    evidence: Evidence,
    nodes: z.array(z.string()),
  }),
  'nodes.found': z.object({ nodes: z.array(NodeFound).optional(), unseen: z.string().optional() }),
  'radius.resolved': z.object({
    suite: z.string(),
    radius: z.object({
      nodes: names,
      mostNodes: z.number(),
      mostShare: z.number(),
      interfaces: z.array(z.object({ node: z.string().optional(), device: z.string() })),
      namespaces: names,
      resources: names,
      hostNetwork: z.boolean(),
    }),
  }),
  'cluster.left': ClusterLeft,
  'api.away': z.object({ ms: z.number(), reason: z.string().optional() }),
  'phase.entered': z.object({ phase: z.string() }),
  'phase.left': z.object({ phase: z.string(), outcome: end, error: z.string().optional() }),
  'fault.refused': z.object({ ...named, reason: z.string() }),
  'fault.injecting': z.object({ ...named, mechanism: z.string(), apiAwayMs: z.number().optional() }),
  'fault.injected': z.object({ ...named, mechanism: z.string(), detail: z.unknown() }),
  'fault.bit': z.object({ fault, bit: z.boolean(), evidence: z.string() }),
  'fault.lapsed': z.object({ fault, evidence: z.string() }),
  'fault.healing': z.object({ fault }),
  'fault.healed': z.object({
    fault,
    healed: z.boolean(),
    vanished: z.boolean().optional(),
    evidence: z.string(),
  }),
  'steady.reached': z.object({ suite: z.string(), measured: z.record(z.string(), z.number()) }),
  'steady.missed': z.object({ suite: z.string(), reason: z.string() }),
  'run.ended': z.object({
    outcome: z.enum([...end.options, 'deadline']),
    error: z.string().optional(),
    code: z.string().optional(),
    todo: z.string().optional(),
  }),
} satisfies Record<keyof EngineEvents, z.ZodType>;
