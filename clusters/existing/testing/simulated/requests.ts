import { readFileSync } from 'node:fs';
import { z } from 'zod';

const Line = z.object({
  verb: z.string(),
  objectRef: z.object({ resource: z.string(), subresource: z.string().optional() }).optional(),
});

/** How often what was asked of an API server, as `list nodes` and `get pods/log`, by its own record. */
export class Requests {
  readonly #audit: string;
  #seen = 0;

  constructor(audit: string) {
    this.#audit = audit;
  }

  /** Those since the last time that this was asked. */
  fresh(): Map<string, number> {
    const text = readFileSync(this.#audit).subarray(this.#seen);
    this.#seen += text.length;
    const counts = new Map<string, number>();
    for (const line of text.toString().split('\n')) {
      if (line === '') continue;
      const { objectRef, verb } = Line.parse(JSON.parse(line));
      const { resource, subresource } = objectRef ?? { resource: 'no resource' };
      const what = `${verb} ${resource}${subresource ? `/${subresource}` : ''}`;
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    return counts;
  }
}
