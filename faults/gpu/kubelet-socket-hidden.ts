import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { reach } from '../../harness/radius/reach.ts';
import { type CommandUndo, takeBack } from '../command-undo.ts';
import { runnerFor } from '../marks.ts';
import type { Fault, FaultContext } from '../port.ts';
import { KUBELET } from './kubelet-restart.ts';
import type { OwnPluginAt } from './own-plugin.ts';

const SOCKET = 'kubelet.sock';
const HIDDEN = 'kubelet.sock.ordeal-hidden';
const MECHANISM = 'kubelet.sock has another name';

/**
 * `gpu/kubelet-socket-hidden`: to a plugin that starts the kubelet is not there yet.
 * @param refused whether a plugin has tried to register since, and could not
 */
export function kubeletSocketHidden(
  id: string,
  { node, resource }: Omit<OwnPluginAt, 'devices'>,
  refused: (context: FaultContext) => boolean,
): Fault {
  const folder = node.kubeletDirs?.devicePlugins;
  const path = (name: string) => join(folder ?? '', name);
  const undo: CommandUndo = {
    ...{ what: `${HIDDEN} in ${folder}`, machine: [], enter: [] },
    ...{ look: ['ls', folder ?? ''], mark: HIDDEN, undo: ['mv', path(HIDDEN), path(SOCKET)] },
  };
  let injected = false;
  return {
    id,
    kind: 'gpu/kubelet-socket-hidden',
    target: `gpu of ${node.name}`,
    reach: reach({ nodes: [node.name], resources: [resource, KUBELET] }),
    mechanisms: [MECHANISM],
    capability: async () =>
      folder !== undefined && existsSync(path(SOCKET))
        ? { ok: true, mechanism: MECHANISM }
        : { ok: false, reason: `the kubelet’s socket on ${node.name} is out of reach` },
    healRecord: () => ({ by: 'commands', undo: [undo] }),
    async inject() {
      await rename(path(SOCKET), path(HIDDEN));
      injected = true;
    },
    async bite(context) {
      const hidden = injected && !existsSync(path(SOCKET));
      const seen = hidden && refused(context);
      const tried = seen ? 'a plugin could not register' : 'no plugin was seen to try';
      return { seen, evidence: hidden ? tried : `${SOCKET} is there` };
    },
    heal: () => takeBack(undo, runnerFor(undo)),
    async gone() {
      const there = existsSync(path(SOCKET));
      return { seen: there, evidence: `${SOCKET} is ${there ? 'there' : 'not there'}` };
    },
  };
}
