/** What Ordeal’s pages have in common. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome, RequirementVerdict } from '../../harness/verdict/verdict.ts';
import { verdictWord } from '../figure.ts';
import { html, Markup } from './markup.ts';

/** A shape beside each word, so that no one has to tell red from green. */
export const SIGN: Record<Outcome, string> = { pass: '✓', fail: '✗', inconclusive: '?' };

/** A style sheet of this folder: ours, and no other’s. */
export function styleOf(file: string): string {
  return readFileSync(join(import.meta.dirname, file), 'utf8');
}

/** Read once, and part of every page. */
const STYLE = styleOf('style.css');

interface Page {
  title: string;
  body: Markup;
  /** Beyond what every page has. */
  style?: string;
}

/** The whole of a page: one file that needs no other, and runs no script. */
export function documentOf({ body, style = '', title }: Page): string {
  return `<!doctype html>
${html`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Markup(STYLE + style)}</style>
</head>
<body>
${body}
</body>
</html>`}
`;
}

/** A requirement’s verdict, as a column shows it. */
export function outcome(requirement: RequirementVerdict): Markup {
  const { skipped, verdict } = requirement;
  const sign = skipped ? '–' : SIGN[verdict];
  return html`<span class="outcome ${skipped ? 'skipped' : verdict}"><span aria-hidden="true">${sign}</span> ${verdictWord(requirement)}</span>`;
}

/**
 * On a narrow screen every row is a card; the roles keep it a table for whoever does not see it.
 * @param label id of the heading that names it
 * @param free the columns of names and sentences, as long as they may be
 */
export function table(
  label: string,
  header: readonly string[],
  { rows, free }: { rows: readonly (readonly Markup[])[]; free: ReadonlySet<string> },
): Markup {
  return html`<table role="table" aria-labelledby="${label}"><thead role="rowgroup"><tr role="row">${header.map((name) => html`<th role="columnheader" scope="col">${name}</th>`)}</tr></thead><tbody role="rowgroup">${rows.map((cells) => html`<tr role="row">${cells.map((cell, index) => html`<td role="cell" class="${free.has(header[index] ?? '') ? 'free' : 'figure'}" data-label="${header[index] ?? ''}"><div>${cell}</div></td>`)}</tr>`)}</tbody></table>`;
}
