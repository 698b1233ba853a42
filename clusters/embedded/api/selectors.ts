import { type KubeObject, StatusError } from '../store.ts';

export type Matcher = (object: KubeObject) => boolean;

/** A label selector as a query says it: `a=b,c!=d,e in (f,g),h,!i`. @throws StatusError 400. */
export function labelMatcher(selector: string | null): Matcher {
  if (!selector) return () => true;
  // Commas inside parentheses belong to a set.
  const terms = selector.split(/,(?![^(]*\))/).map((term) => labelTerm(term.trim()));
  return (object) => terms.every((term) => term(object.metadata.labels ?? {}));
}

function labelTerm(term: string): (labels: Record<string, string>) => boolean {
  const [, setKey, operator, values] = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term) ?? [];
  if (setKey && values !== undefined) {
    const set = new Set(values.split(',').map((value) => value.trim()));
    return (labels) => set.has(labels[setKey] ?? '\0') === (operator === 'in');
  }
  const [, key, sign, value] = /^([^\s=!]+)\s*(==|=|!=)\s*(\S*)$/.exec(term) ?? [];
  if (key) return (labels) => (labels[key] === value) === (sign !== '!=');
  const [, not, existing] = /^(!?)([^\s=!,()]+)$/.exec(term) ?? [];
  if (existing) return (labels) => existing in labels === (not === '');
  throw new StatusError(400, 'BadRequest', `unable to parse requirement: ${term}`);
}

/** A field selector: `metadata.name=a,status.phase!=Running`. @throws StatusError 400. */
export function fieldMatcher(selector: string | null): Matcher {
  if (!selector) return () => true;
  const terms = selector.split(',').map((term) => {
    const [, path, sign, value] = /^([\w.]+)(==|=|!=)(.*)$/.exec(term) ?? [];
    if (!path) throw new StatusError(400, 'BadRequest', `invalid field selector: ${term}`);
    return (object: KubeObject) => (String(fieldAt(object, path) ?? '') === value) === (sign !== '!=');
  });
  return (object) => terms.every((term) => term(object));
}

function fieldAt(object: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], object);
}
