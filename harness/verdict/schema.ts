import { z } from 'zod';
import { Verdict } from './verdict.ts';

/** The JSON Schema (draft 2020-12) of `verdict.json`. */
export function verdictJsonSchema(): Record<string, unknown> {
  return { title: 'Ordeal verdict', ...z.toJSONSchema(Verdict) };
}
