import type { LedgerLine } from '../../clusters/gpu-node/ledger.ts';
import { eventsOf, type History } from '../../harness/history/event.ts';
import { remembered } from '../../harness/history/remembered.ts';
import type { PodSeen, ProbeSeen, SuiteEvents } from './events.ts';
import { type Pod, podsOf } from './pods.ts';
import { MAIN } from './workload/jobs.ts';

type Line<Type extends LedgerLine['type']> = Extract<LedgerLine, { type: Type }>;

/** One start of a training container, as the three ledgers have it. */
export interface Start {
  readonly podUid: string;
  readonly pod: string;
  readonly node: string;
  readonly attempt: number;
  readonly gpus: number;
  /** Its node's GPUs are a vendor's: the plugin keeps no ledger, and what it gave is what it told the container. */
  readonly watched: boolean;
  /** Its container ended by itself and said that all was well: it has made all its looks. */
  readonly finished: boolean;
  /** How else its container ended, or that it did not; undefined where it finished, or was to hold its GPUs until its Job is ended. */
  readonly cut: string | undefined;
  /** The container's own ledger, in the order of its looks. */
  readonly probes: readonly ProbeSeen[];
  /** The plugin's ledger: the devices of the allocation that the container says it holds; a vendor's as told, see `toldOf`. */
  readonly allocated: readonly string[] | undefined;
  /** PodResources: the devices of this container in the listings that name it. */
  readonly listed: readonly string[] | undefined;
}

/** Every start of a training container that was seen, joined by pod UID, container and attempt. */
export const joinLedgers = remembered((history): readonly Start[] => {
  const allocated = new Map<string, string[]>();
  for (const { body } of eventsOf<Line<'plugin.allocate'>>(history, 'ledger.plugin.allocate')) {
    allocated.set(body.allocation, body.devices);
  }
  const listed = listedDevices(history);
  const watched = watchedNodes(history);
  const standing = new Set(
    eventsOf<SuiteEvents['standing.began']>(history, 'standing.began').map(({ body }) => body.job),
  );
  return [...podsOf(history).values()].flatMap((each) => {
    const { looks, uid } = each;
    const last = lastStarted(each);
    if (!last || last.gpus === 0) return [];
    const { exitCode = null, restartCount: restarts = 0 } = mainOf(last) ?? {};
    // Of a container that has looked it is known that it ran, whatever its pod's status says.
    const attempts = new Set([
      ...Array.from({ length: restarts + 1 }, (_, attempt) => attempt),
      ...looks.map(({ attempt }) => attempt),
    ]);
    const restartCount = looks.reduce((most, { attempt }) => (attempt > most ? attempt : most), restarts);
    const cut = last.job !== null && standing.has(last.job) ? undefined : cutOf(exitCode);
    const vendors = last.node !== null && watched.has(last.node);
    const devices = listed.get(last.namespace)?.get(last.name);
    const given = devices && [...devices].sort();
    return [...attempts].map((attempt): Start => {
      const probes = inOrder(looks.filter((look) => look.attempt === attempt));
      return {
        podUid: uid,
        pod: last.name,
        node: last.node ?? '',
        attempt,
        gpus: last.gpus,
        watched: vendors,
        finished: attempt === restartCount && exitCode === 0,
        cut: attempt === restartCount ? cut : undefined,
        probes,
        allocated: vendors ? toldOf(probes[0], given) : probes[0] && allocated.get(probes[0].allocation),
        listed: given,
      };
    });
  });
});

/**
 * A pod as it was last seen with a training container that had started, for one that its kubelet refuses anew has none any more;
 * undefined of one whose container never did, as far as is known.
 */
function lastStarted({ last, looks, seen }: Pod): PodSeen | undefined {
  if (last && mainOf(last)?.started) return last;
  const before = seen.findLast(({ body }) => mainOf(body)?.started)?.body;
  return before ?? (looks.length > 0 ? last : undefined);
}

function mainOf({ containers }: PodSeen): PodSeen['containers'][number] | undefined {
  return containers.find(({ name }) => name === MAIN);
}

function cutOf(exitCode: number | null): string | undefined {
  if (exitCode === 0) return undefined;
  return exitCode === null
    ? 'the container was not seen to end by itself'
    : `the container ended with exit code ${exitCode}`;
}

/** Looks by their number; they mostly come so, and to see that takes less than to sort a few. */
function inOrder(looks: ProbeSeen[]): ProbeSeen[] {
  const came = looks.every(({ n }, at) => at === 0 || (looks[at - 1] as ProbeSeen).n - n <= 0);
  return came ? looks : looks.sort((a, b) => a.n - b.n);
}

type Named<Value> = Map<string, Value>;

/** The devices of each training container in the listings that name it, by its pod's namespace and name. */
function listedDevices(history: History): Named<Named<Set<string>>> {
  // Others as well: a listing that cannot be read is not passed over.
  const containers: Named<Named<Named<Set<string>>>> = new Map();
  for (const { body } of eventsOf<Line<'podresources'>>(history, 'ledger.podresources')) {
    for (const { namespace, pod, container, devices } of body.pods) {
      const namespaces: Named<Named<Set<string>>> = containers.get(container) ?? new Map();
      containers.set(container, namespaces);
      const pods: Named<Set<string>> = namespaces.get(namespace) ?? new Map();
      namespaces.set(namespace, pods);
      const ofPod = pods.get(pod);
      if (!ofPod) pods.set(pod, new Set(devices));
      else for (const device of devices) ofPod.add(device);
    }
  }
  return containers.get(MAIN) ?? new Map();
}

/** Names of the pods that PodResources has listed with a device. */
export function listedPods(history: History): Set<string> {
  const listings = eventsOf<Line<'podresources'>>(history, 'ledger.podresources');
  return new Set(listings.flatMap(({ body }) => body.pods.map(({ pod }) => pod)));
}

/** Nodes on which nothing was faked. */
export function watchedNodes(history: History): Set<string> {
  return new Set(
    eventsOf<Line<'agent.watching'>>(history, 'ledger.agent.watching').map(({ source }) =>
      source.replace(/^node\//, ''),
    ),
  );
}

/** A device's UUID, without the number of a share of it (`GPU-…::3` of NVIDIA's time slices). */
export function deviceOf(id: string): string {
  return id.replace(/::\d+$/, '');
}

/**
 * What a vendor's plugin gave a container: what the container was told, where that names devices. By other ways than the
 * environment (CDI, mounts, indices) it does not, and PodResources is the only word on it.
 */
function toldOf(
  look: ProbeSeen | undefined,
  listed: readonly string[] | undefined,
): readonly string[] | undefined {
  if (!look) return undefined;
  const told = look.visible.filter((name) => /^(GPU|MIG)-/.test(name));
  if (told.length > 0) return told;
  return listed && distinct(listed.map(deviceOf));
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

/** Devices that a start must be able to use: as many as its pod asked for, less where they are shares of one. */
export function wantedBy({ gpus, listed, watched }: Start): number {
  if (!watched || listed?.length !== gpus) return gpus;
  return distinct(listed.map(deviceOf)).length;
}

/** Why a start cannot be judged; undefined where it can. */
export function unseen(start: Start): string | undefined {
  if (start.probes.length === 0) return 'the container said nothing of its GPUs';
  if (start.probes[0]?.n !== 0) return 'the container’s first look is missing';
  if (start.allocated === undefined) return 'the plugin’s ledger has no such allocation';
  if (start.listed === undefined) return 'PodResources was never seen to list it';
  return undefined;
}

/**
 * Why it is not known of its whole life what a container could use; undefined where it is.
 * @param looks how many a container makes that ends by itself
 */
export function unwatched({ cut, finished, probes }: Start, looks: number): string | undefined {
  const made = Math.max(finished ? looks : 0, (probes.at(-1)?.n ?? -1) + 1);
  const missing = made - new Set(probes.map(({ n }) => n)).size;
  if (missing > 0) return `${missing} of the container’s ${made} looks are missing`;
  if (probes.some(({ at }) => !Number.isFinite(at))) return 'when the container looked is not known';
  if (probes.some(({ at }, index) => at < (probes[index - 1]?.at ?? at)))
    return 'the clock of the container’s looks ran backwards';
  return cut;
}

/** Devices that nvidia-smi showed and, where a driver was there to ask, that did what they were told. */
export function usableAt({ exit, usable, worked }: ProbeSeen): string[] {
  if (exit !== 0) return [];
  return worked ? usable.filter((device) => worked.includes(device.replace(/^(GPU|MIG)-/, ''))) : usable;
}

/** What was wrong at one look: the devices that the container was given and could not use. */
export function lacking(start: Start, probe: ProbeSeen): string[] {
  const usable = new Set(usableAt(probe));
  return (start.allocated ?? []).filter((device) => !usable.has(device));
}

/** The frameworks that found fewer GPUs than the start has, each with what it found; those that were not there are none. */
export function blindFrameworks(start: Start, { frameworks }: ProbeSeen): string[] {
  const wanted = wantedBy(start);
  return Object.entries(frameworks ?? {}).flatMap(([name, found]) =>
    found !== null && found < wanted ? [`${name} found ${found} of ${wanted}`] : [],
  );
}

/** What the ledgers of the plugin and of PodResources disagree in; undefined where they agree. */
export function disagreement(start: Start): string | undefined {
  const { gpus, watched } = start;
  const allocated = (watched ? distinct(start.allocated ?? []) : [...(start.allocated ?? [])].sort()).join(
    ',',
  );
  const listed = (watched ? distinct((start.listed ?? []).map(deviceOf)) : (start.listed ?? [])).join(',');
  const given = watched ? start.listed : start.allocated;
  if (allocated === listed && given?.length === gpus) return undefined;
  return `${start.pod}: the plugin ${watched ? 'told of' : 'allocated'} ${allocated || 'nothing'}, PodResources lists ${listed || 'nothing'}, ${start.gpus} asked for`;
}
