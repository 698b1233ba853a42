/** Kubernetes versions that the node image was built and tried with; the first is what is taken unless told. */
export const TRIED_KUBERNETES = ['1.34.4', '1.33.13', '1.27.3'] as const;

/** `1.34.4` from what a plan says: `1.34.4` or `v1.34.4`. */
export function plainVersion(version: string = TRIED_KUBERNETES[0]): string {
  return version.replace(/^v/, '');
}
