import { logNormal, nthStream } from '../../simulation/draw.ts';
import { nodeSettings } from '../settings.ts';
import { Cluster } from './cluster.ts';
import type { Fit, Observation } from './recorded.ts';

/** Between two waves nothing happens: the suite sees each to its end. */
const PAUSE_MS = 1_000;
/** Whatever waits is over by then. */
const LONG_MS = 86_400_000;

interface Replayed {
  starts: number;
  falseStarts: number;
  bindMs: number[];
}

/** The waves of a recorded run once more, in the model. Pure. */
export function replay(
  run: Observation,
  { admission, late, start }: Fit,
  lockMs: number,
  seed: number,
): Replayed {
  const { nodes, remedies, settings, waves } = run;
  const slots = remedies.jobCap === false ? settings.gpusPerNode : remedies.jobCap;
  const quota = remedies.quota === 'auto' ? slots * nodes : remedies.quota;
  const replayed: Replayed = { starts: 0, falseStarts: 0, bindMs: [] };
  const cluster = new Cluster(
    {
      nodes,
      slots: Math.min(slots, settings.gpusPerNode),
      quota: quota === false ? Number.POSITIVE_INFINITY : quota,
      tenants: 1,
      initGate: remedies.initGate,
      knobs: { ...nodeSettings(settings, remedies, seed), lockMs },
      late,
      placement: 'spread',
      // Embedded's takes no time; what the kubelets take is measured.
      perPodMs: 0,
      backOffMs: 10_000,
    },
    { placement: nthStream(seed, 0), driver: (node) => nthStream(seed, 3 + node) },
    {
      placed: () => undefined,
      bound: (_at, ms) => replayed.bindMs.push(ms - cluster.extraMs),
      began(_at, _since, lacksMs) {
        replayed.starts += 1;
        if (lacksMs > 0) replayed.falseStarts += 1;
      },
      ended: () => undefined,
      failed: () => undefined,
    },
  );
  const [admissions, starts] = [nthStream(seed, 1), nthStream(seed, 2)];
  for (const [index, { extraMs, pods }] of waves.entries()) {
    cluster.runUntil(index * (LONG_MS + PAUSE_MS));
    cluster.extraMs = extraMs;
    for (let pod = 0; pod < pods; pod += 1)
      cluster.create({
        tenant: 0,
        holdsMs: settings.hold,
        admissionMs: logNormal(admission, admissions),
        startMs: logNormal(start, starts),
      });
  }
  cluster.runUntil(waves.length * (LONG_MS + PAUSE_MS));
  return replayed;
}
