import { CONFIDENCE } from '../../simulation/estimate.ts';
import { variantsOf } from '../ablation.ts';
import { type Remedies, remediesOf } from '../settings.ts';
import type { Calibration } from './calibration.ts';
import { type Bought, boughtBy, type Figures, figuresOf } from './figures.ts';
import { type Headline, headlinesOf } from './headlines.ts';
import { type LinkLife, linkLife } from './link.ts';
import { liveThrough, type NodeMonth } from './node.ts';
import type { Parameters } from './parameters.ts';

interface Row extends Figures {
  remedies: string;
  switches: Remedies;
  /** What a remedy alone buys against none, and what leaving it out of all of them costs. */
  bought: Bought | null;
}

/** What `simulation.json` holds. */
export interface Simulation {
  schemaVersion: 1;
  suite: 'edge';
  /** Nothing of it was seen: it is what follows from the parameters. */
  evidence: 'modelled';
  seed: number;
  confidence: number;
  parameters: Parameters;
  rows: Row[];
  /** Only where runs were given. */
  calibration?: Calibration;
  /** Left out where not all of their rows were asked for. */
  headlines: Headline[];
}

/** All nodes under some remedies, in the weather that they have whatever the remedies. */
export function fleet(parameters: Parameters, remedies: Remedies): NodeMonth[] {
  return fleets(parameters, [remedies])[0] as NodeMonth[];
}

/** The months of one set of remedies after the other; a node's weather is drawn once, and kept no longer than needed. */
function fleets(
  parameters: Parameters,
  sets: readonly Remedies[],
  progress: (line: string) => void = () => undefined,
): NodeMonth[][] {
  const months = sets.map((): NodeMonth[] => []);
  for (let node = 0; node < parameters.nodes; node += 1) {
    const link: LinkLife = linkLife(parameters, node);
    for (const [index, remedies] of sets.entries())
      months[index]?.push(...liveThrough(parameters, node, link, remedies));
    progress(`node ${node + 1} of ${parameters.nodes}`);
  }
  return months;
}

const NONE = 'none (the incident)';
const ALL = 'all (hardened)';

/**
 * A fleet's life under each variant of the remedies, on the same days.
 * @param only variants whose name has one of these in it; empty for all
 */
export function simulate(
  parameters: Parameters,
  only: readonly string[],
  progress: (line: string) => void,
): Simulation {
  const { seed } = parameters;
  const variants = variantsOf().filter(
    ([name]) => only.length === 0 || only.some((text) => name.includes(text)),
  );
  const lived = fleets(
    parameters,
    variants.map(([, remedies]) => remedies),
    progress,
  );
  const months = new Map(variants.map(([name], index) => [name, lived[index] as NodeMonth[]]));
  const [none, all] = [months.get(NONE), months.get(ALL)];
  const rows = variants.map(([name, switches], index): Row => {
    const own = lived[index] as NodeMonth[];
    return {
      remedies: name,
      switches,
      ...figuresOf(own, seed),
      bought: bought(name, own, { none, all }, seed),
    };
  });
  const row = (wanted: string) => rows.find(({ remedies }) => remedies === wanted);
  const [incident, hardened] = [row(NONE), row(ALL)];
  return {
    schemaVersion: 1,
    suite: 'edge',
    evidence: 'modelled',
    seed,
    confidence: CONFIDENCE,
    parameters,
    rows,
    headlines: incident && hardened ? headlinesOf(parameters, incident, hardened, otherwise) : [],
  };
}

/** The incident's figures under other parameters, of no more nodes than the incident had: a remark, not a row. */
function otherwise(parameters: Parameters): Figures {
  const few = { ...parameters, nodes: Math.min(5, parameters.nodes), days: Math.min(360, parameters.days) };
  return figuresOf(fleet(few, remediesOf('incident')), few.seed);
}

function bought(
  name: string,
  own: readonly NodeMonth[],
  { all, none }: { none: readonly NodeMonth[] | undefined; all: readonly NodeMonth[] | undefined },
  seed: number,
): Bought | null {
  if (name === NONE) return null;
  if (name.startsWith('all but ')) return all ? boughtBy(own, all, seed) : null;
  return none ? boughtBy(none, own, seed) : null;
}
