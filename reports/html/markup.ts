import { plainLine } from '../text.ts';
import { escapeXml } from '../xml.ts';

/** Text that is HTML already; only `html` makes it. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

type Part = Markup | string | number | readonly Markup[];

/**
 * A template whose own text is HTML and whose values are text from anywhere: none of it becomes an element, an
 * attribute or a reference, within an element or between an attribute's double quotes. Control characters, and those
 * that reverse the reading direction, become visible escapes.
 */
export function html(template: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(
    template.reduce((before, text, index) => before + rendered(parts[index - 1] as Part) + text),
  );
}

function rendered(part: Part): string {
  if (part instanceof Markup) return part.text;
  return typeof part === 'object' ? part.join('') : escapeXml(plainLine(String(part)));
}
