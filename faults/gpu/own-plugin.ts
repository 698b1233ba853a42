import type { ClusterNode } from '../../clusters/port.ts';
import { reach } from '../../harness/radius/reach.ts';
import type { CommandUndo } from '../command-undo.ts';
import type { Fault, FaultContext, Seen } from '../port.ts';
import { allocatableOn } from './allocatable.ts';

/** A device plugin in the harness's own process, as a fault gets at it. */
export interface OwnPlugin {
  /** Kubelets' ListAndWatch streams that are open. */
  readonly openStreams: number;
  /** Those that are over because `endStreams` ended them; a plugin that looks after itself has another in no time. */
  readonly endedStreams: number;
  /** Allocates that have been asked for and are not answered yet. */
  readonly allocating: number;
  /** Ends every ListAndWatch, and goes on serving. */
  endStreams(): void;
  /** Ends, with its streams and its socket. */
  stop(): Promise<void>;
  /** From now on it registers with nobody, whatever it sees. */
  withhold(): void;
  /** Serves and registers anew, and looks after itself again where it did. */
  comeBack(): Promise<void>;
}

/** Where a fault of such a plugin acts. */
export interface OwnPluginAt {
  node: ClusterNode;
  resource: string;
  /** All that the plugin has, each to be allocatable again in the end. */
  devices: number;
}

interface Wanted extends OwnPluginAt {
  id: string;
  kind: string;
  mechanism: string;
  /** Of the node, besides the plugin's resource. */
  resources?: readonly string[];
  /** Why it cannot be done here; undefined where it can. */
  unable?: () => string | undefined;
  inject(context: FaultContext): Promise<unknown>;
  bitten(context: FaultContext): Promise<Seen>;
  heal(): Promise<void>;
  /** What is broken besides the plugin, and outlives the harness; nothing unless told. */
  undo?: readonly CommandUndo[];
  /** What the driver still denies to containers, whatever is allocatable. */
  impaired?: () => readonly string[];
}

/** A fault of a plugin that ends with the harness: it is gone once all devices are allocatable again. */
export function ownPluginFault(wanted: Wanted): Fault {
  const { devices, id, kind, mechanism, node, resource, undo = [] } = wanted;
  let injected = false;
  return {
    id,
    kind,
    target: `gpu of ${node.name}`,
    reach: reach({ nodes: [node.name], resources: [resource, ...(wanted.resources ?? [])] }),
    mechanisms: [mechanism],
    async capability() {
      const reason = wanted.unable?.();
      return reason === undefined ? { ok: true, mechanism } : { ok: false, reason };
    },
    healRecord: () =>
      undo.length > 0
        ? { by: 'commands', undo: [...undo] }
        : { by: 'lifeline', what: 'the plugin ends with the harness' },
    async inject(context) {
      const detail = await wanted.inject(context);
      injected = true;
      return detail;
    },
    bite: async (context) =>
      injected ? await wanted.bitten(context) : { seen: false, evidence: 'it was not injected' },
    heal: () => wanted.heal(),
    async gone({ cluster }) {
      const now = await allocatableOn(cluster.kube, node.name, resource);
      const impaired = wanted.impaired?.() ?? [];
      return {
        seen: now === devices && impaired.length === 0,
        evidence: [`${now} of ${devices} ${resource} allocatable on ${node.name}`, ...impaired].join(
          '; not usable: ',
        ),
      };
    },
  };
}
