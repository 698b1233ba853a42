import { withoutV } from '../../harness/kube/version.ts';

/** Kubernetes versions that the node image was built and tried with; the first is what is taken unless told. */
export const TRIED_KUBERNETES = ['1.34.4', '1.33.13', '1.27.3'] as const;

/** What a plan asks for, as `1.34.4`; where it asks for none, the first that was tried. */
export function plainVersion(version: string = TRIED_KUBERNETES[0]): string {
  return withoutV(version);
}
