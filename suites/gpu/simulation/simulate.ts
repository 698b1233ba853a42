import { CONFIDENCE } from '../../simulation/estimate.ts';
import { variantsOf } from '../ablation.ts';
import { type Remedies, remediesOf } from '../settings.ts';
import type { Calibration } from './calibration.ts';
import { type Figures, figuresOf } from './figures.ts';
import { type Headline, headlinesOf, incidentCluster } from './headlines.ts';
import type { Parameters } from './parameters.ts';
import { weekOf } from './week.ts';

interface Row extends Figures {
  remedies: string;
  switches: Remedies;
}

/** Under one cap, or with so many Jobs at once: with no remedy beside it, and with all. */
export interface Pair {
  at: number;
  alone: Figures;
  hardened: Figures;
}

/** Which cap to choose. */
interface Advice {
  /**
   * Of the caps with at most 0.1 % false allocations, as GPU-1 asks, the one under which pods wait least; the larger of
   * equals. null: there is none.
   */
  alone: number | null;
  hardened: number | null;
}

/** What `simulation.json` holds of this suite. */
export interface Simulation {
  schemaVersion: 1;
  suite: 'gpu';
  /** Nothing of it was seen: it is what follows from the parameters. */
  evidence: 'modelled';
  seed: number;
  confidence: number;
  parameters: Parameters;
  rows: Row[];
  /** By the cap, from 1 to as many as there are GPUs; empty where rows were chosen. */
  caps: Pair[];
  cap: Advice | null;
  /** By the number of Jobs created at once, at the same load; empty likewise. */
  jobsAtOnce: Pair[];
  /** The same on the incident's own cluster; empty likewise. */
  incidentJobs: Pair[];
  /** Only where runs were given. */
  calibration?: Calibration;
  /** Left out where rows were chosen. */
  headlines: Headline[];
}

/** GPU-1's, at the level that certifies a release. */
const MOST_FALSE_PERCENT = 0.1;
const JOBS_AT_ONCE = [1, 2, 4, 8, 16, 32];
/** More do not fit on its nodes. */
const INCIDENT_JOBS = [1, 2, 3];

/**
 * A cluster's week under each variant of the remedies, under each cap, and by how many Jobs come at once.
 * @param only variants whose name has one of these in it; empty for all
 */
export function simulate(
  parameters: Parameters,
  only: readonly string[],
  progress: (line: string) => void,
): Simulation {
  const { gpusPerNode, seed } = parameters;
  const [none, all] = [remediesOf('incident', gpusPerNode), remediesOf('hardened', gpusPerNode)];
  const rows = variantsOf(gpusPerNode)
    .filter(([name]) => only.length === 0 || only.some((text) => name.includes(text)))
    .map(([remedies, switches]): Row => {
      progress(remedies);
      return { remedies, switches, ...lived(parameters, switches) };
    });
  const whole = only.length === 0;
  const pairs = (values: readonly number[], what: string, pair: (at: number) => Omit<Pair, 'at'>): Pair[] =>
    (whole ? values : []).map((at) => {
      progress(`${what} ${at}`);
      return { at, ...pair(at) };
    });
  const counts = Array.from({ length: gpusPerNode }, (_, index) => index + 1);
  const caps = pairs(counts, 'cap of', (jobCap) => ({
    alone: lived(parameters, { ...none, jobCap }),
    hardened: lived(parameters, { ...all, jobCap }),
  }));
  const jobsAtOnce = pairs(JOBS_AT_ONCE, 'Jobs at once:', (jobs) => {
    const bursts = { ...parameters, load: { ...parameters.load, jobs: { least: jobs, most: jobs } } };
    return { alone: lived(bursts, none), hardened: lived(bursts, all) };
  });
  const incidentJobs = pairs(INCIDENT_JOBS, 'Jobs at once on the incident’s nodes:', (jobs) => {
    const incident = incidentCluster(parameters, jobs, 'spread');
    return { alone: lived(incident, none), hardened: lived(incident, all) };
  });
  return {
    schemaVersion: 1,
    suite: 'gpu',
    evidence: 'modelled',
    seed,
    confidence: CONFIDENCE,
    parameters,
    rows,
    caps,
    cap: whole ? { alone: advised(caps, 'alone'), hardened: advised(caps, 'hardened') } : null,
    jobsAtOnce,
    incidentJobs,
    headlines: whole ? headlinesOf(parameters, lived) : [],
  };
}

function lived(parameters: Parameters, remedies: Remedies): Figures {
  const { days, gpusPerNode, nodes, seed } = parameters;
  return figuresOf(weekOf(parameters, remedies), nodes * gpusPerNode, days * 86_400_000, seed);
}

function advised(caps: readonly Pair[], which: 'alone' | 'hardened'): number | null {
  const sound = caps.filter(
    (pair) => pair[which].starts > 0 && pair[which].falsePercent.figure <= MOST_FALSE_PERCENT,
  );
  const wait = (pair: Pair) => pair[which].waitMeanMs?.figure ?? Number.POSITIVE_INFINITY;
  return (
    sound.reduce<Pair | undefined>((best, pair) => (best && wait(best) < wait(pair) ? best : pair), undefined)
      ?.at ?? null
  );
}
