import { readFileSync } from 'node:fs';
import type { KubernetesObject } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';

type Named = KubernetesObject & { metadata: { name: string; namespace: string } };

/** The objects of a manifest, of which a YAML file may hold several. */
export function objectsOf(file: string): Named[] {
  return parseAllDocuments(readFileSync(file, 'utf8'))
    .map((document) => document.toJS())
    .filter((object) => object !== null);
}
