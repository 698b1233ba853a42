import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject, Store } from '../store.ts';
import { dataOf } from './environment.ts';

export interface VolumeHost {
  store: Store;
  /** The pod's folder. */
  folder: string;
  /** Shows a path of the node's as a path of this machine. */
  hostPath(path: string): string;
}

/** A pod's volume as a folder or file of this machine, made when first asked for. @throws Error where there is none. */
export function volumePath(pod: KubeObject, name: string, host: VolumeHost): string {
  const volume = (pod.spec?.volumes ?? []).find((candidate: { name: string }) => candidate.name === name);
  if (!volume) throw new Error(`the pod has no volume ${name}`);
  if (volume.hostPath) {
    const path = host.hostPath(volume.hostPath.path);
    if (volume.hostPath.type?.endsWith('OrCreate')) mkdirSync(path, { recursive: true });
    return path;
  }
  const folder = join(host.folder, 'volumes', name);
  mkdirSync(folder, { recursive: true });
  if (volume.emptyDir) return folder;
  if (!volume.configMap && !volume.secret)
    throw new Error(`volume ${name} is of no kind that embedded serves`);
  const source = volume.configMap
    ? { configMapRef: volume.configMap }
    : { secretRef: { ...volume.secret, name: volume.secret.secretName } };
  const data = dataOf({ pod, store: host.store }, source);
  const items: { key: string; path: string }[] =
    (volume.configMap ?? volume.secret).items ?? Object.keys(data).map((key) => ({ key, path: key }));
  const mode = (volume.configMap ?? volume.secret).defaultMode ?? 0o644;
  for (const { key, path } of items) {
    const text = data[key];
    if (text === undefined) throw new Error(`references non-existent config key: ${key}`);
    writeFileSync(join(folder, path), text, { mode });
  }
  return folder;
}
