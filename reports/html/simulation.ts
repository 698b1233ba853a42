import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulationPart } from '../../harness/simulation/plot.ts';
import { html, Markup } from './markup.ts';
import { plotFigure } from './plot.ts';

/** Ours, and no other’s: read once, and part of the page. */
const STYLE = ['style.css', 'plot.css']
  .map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'))
  .join('\n');

/** What models foresee, in pictures: one file that needs no other, and runs no script. */
export function simulationPage(parts: readonly SimulationPart[]): string {
  return `<!doctype html>
${html`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Modelled: ${parts.map(({ title }) => title).join(', ')}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header class="modelled">
<p class="who">Ordeal, simulation</p>
<h1>Modelled: ${parts.map(({ title }) => title).join(', ')}</h1>
<p class="summary">Evidence: <strong>modelled</strong>. Nothing of this was seen; it is what follows from the parameters. It certifies nothing.</p>
<p>Bars and shades are 95 % intervals of what another draw of the same model would give; they say nothing of the parameters.</p>
</header>
<main>
${parts.map(section)}
</main>
<footer><p>The figures are under each picture, and with their parameters in the JSON beside this page.</p></footer>
</body>
</html>`}
`;
}

function section({ notes, plots, suite, title }: SimulationPart): Markup {
  return html`<section aria-labelledby="${suite}"><h2 id="${suite}">${title}</h2>
${notes.map((note) => html`<p>${note}</p>`)}
<div class="plots">${plots.map((plot, index) => plotFigure(plot, `${suite}-${index}`))}</div>
</section>`;
}
