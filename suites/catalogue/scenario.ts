import type { EdgeLink } from '../../clusters/network/port.ts';
import type { Capability } from '../../clusters/port.ts';
import type { OwnDra } from '../../faults/gpu/claim-bind-delay.ts';
import type { OwnGpu } from '../../faults/gpu/own-gpu.ts';
import type { OwnPlugin, OwnPluginAt } from '../../faults/gpu/own-plugin.ts';
import type { Fault, FaultContext } from '../../faults/port.ts';
import type { History } from '../../harness/history/event.ts';
import type { Judged, Target } from '../judged.ts';
import type { CatalogueEvents } from './events.ts';
import type { CatalogueSettings } from './settings.ts';
import type { Stage } from './stage.ts';

/** Where a scenario's fault acts, and on what. */
export interface FaultAt extends OwnPluginAt {
  /** The fault's id: the row's with `-1`. */
  id: string;
  /** For pods that a fault makes. */
  namespace: string;
  /** A plugin of the scenario by its name; asked for while the fault is held, not before. */
  plugin(name: string): OwnPlugin;
  /** The scenario's fake GPU node; asked for while the fault is held, not before. */
  gpu(): OwnGpu;
  /** The scenario's DRA driver, and by how much it is to bind later; asked for while the fault is held, not before. */
  dra(): OwnDra;
  claimDelay(): number;
  /** A word to the containers of the scenario's fake GPU node. */
  tellContainers(word: string): Promise<void>;
  /** What the scenario has noted of a type since the fault was asked for. */
  since<Type extends keyof CatalogueEvents>(context: FaultContext, type: Type): CatalogueEvents[Type][];
  /** The link under the scenario's vxlan, whose tunnel is the vxlan. */
  below(): Pick<EdgeLink, 'node' | 'path'>;
  /** Whether a plugin of the scenario has tried to register since the fault was injected, and could not. */
  refused(context: FaultContext): boolean;
}

/** One row of the catalogue, brought about and judged. */
export interface Scenario {
  id: string;
  needs: readonly Capability[];
  /** The most that is allowed, in `unit`. */
  threshold: number;
  unit: string;
  fault(at: FaultAt): Fault;
  run(stage: Stage): Promise<void>;
  /** Pure; `history` is the whole run's. */
  check(history: History, target: Target, settings: CatalogueSettings): Judged;
}

/** The id of a row's fault in plans, histories and reports. */
export function faultIdOf(scenario: string): string {
  return `${scenario.toLowerCase()}-1`;
}

/** The resource of a row's plugin. */
export function resourceOf(scenario: string): string {
  return `catalogue.ordeal.dev/${scenario.toLowerCase()}`;
}
