/**
 * What the journal and a dead-man of this machine know to run of a proxy on a node that is someone's:
 * `elsewhere.mjs look|give-back PLACE VENDOR`. `look` prints its mark while one stands in front, or its resource is not given
 * back; what cannot be told is an exit code.
 */

import { tellFailure } from '../../../harness/cli/failure.ts';
import { systemClock as clock } from '../../../harness/clock/clock.ts';
import type { Kube } from '../../../harness/kube/client.ts';
import { redactWrites } from '../../../harness/redact/own.ts';
import { ignoring } from '../../container-nodes/gpu-nodes.ts';
import type { Looked } from '../../plugin-proxy/protocol.ts';
import { connectTo, findContext } from '../kubeconfig.ts';
import { dismissAttendant, sendAttendant, talkTo } from './attended.ts';
import { Place, PROXY_POD } from './place.ts';
import type { Talk } from './talk.ts';

/** A kubelet that is slow to see that a proxy is gone, and a plugin that is slow to be listed. */
const GIVEN_BACK_MS = 40_000;
/** For one that is sent in another's place. */
const SUCCESSOR_S = 300;

/** @param vendor of a proxy whose attendant left nothing to read */
type Work<T> = (talk: Talk, vendor?: string) => Promise<T>;

async function main([command, text = '{}', vendor = '']: readonly string[]): Promise<void> {
  const place = Place.parse(JSON.parse(text));
  if (command === 'look') {
    const seen = await at(place, vendor, (talk, of) =>
      talk.ask<Looked>({ do: 'look', ...(of && { vendor: of }) }),
    );
    if (seen?.stands) process.stdout.write(`in front of ${place.resource}\n`);
  } else if (command === 'give-back') {
    await at(place, vendor, (talk, of) =>
      talk.ask({ do: 'give-back', ...(of && { vendor: of }) }, GIVEN_BACK_MS),
    );
  } else {
    throw new TypeError(`no such command: ${command}`);
  }
}

/** Undefined where nothing can stand: without that cluster or that node, or where its attendant has ended by itself. */
async function at<T>(place: Place, vendor: string, work: Work<T>): Promise<T | undefined> {
  const kube = await connectTo(findContext(place.context, place.kubeconfig));
  try {
    const system = await kube.core.readNamespace({ name: 'kube-system' });
    if (system.metadata?.uid !== place.uid) return undefined;
    const { namespace, node } = place;
    if ((await ignoring(404, kube.core.readNode({ name: node }))) === undefined) return undefined;
    const pod = await ignoring(404, kube.core.readNamespacedPod({ namespace, name: PROXY_POD }));
    const phase = pod?.status?.phase;
    if (phase === 'Succeeded') return undefined;
    if (phase === 'Running') return await withTalk(talkTo(place, kube), work);
    return await bySuccessor(place, vendor, kube, work);
  } finally {
    kube.close();
  }
}

/** What became of one that is gone without having ended by itself, only another one on the node can tell. */
async function bySuccessor<T>(place: Place, vendor: string, kube: Kube, work: Work<T>): Promise<T> {
  const successor = { ...place, namespace: `${place.namespace}-heal`, deadlineSeconds: SUCCESSOR_S };
  const way = { clock, kube };
  await dismissAttendant(successor, way);
  try {
    const talk = await sendAttendant(successor, way);
    return await withTalk(talk, (asked) => work(asked, vendor));
  } finally {
    await dismissAttendant(successor, way);
  }
}

async function withTalk<T>(talk: Talk, work: Work<T>): Promise<T> {
  try {
    return await work(talk);
  } finally {
    talk.close();
  }
}

for (const stream of [process.stdout, process.stderr]) redactWrites(stream);
try {
  await main(process.argv.slice(2));
  process.exit();
} catch (error) {
  process.exit(tellFailure(error));
}
