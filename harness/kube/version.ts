/** `1.34.4` from what people and programs say: `1.34.4` or `v1.34.4`. */
export function withoutV(version: string): string {
  return version.replace(/^v/, '');
}
