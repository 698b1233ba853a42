import type { SimulationPart } from '../../harness/simulation/plot.ts';
import { html, type Markup } from './markup.ts';
import { documentOf, styleOf } from './parts.ts';
import { plotFigure } from './plot.ts';

const STYLE = styleOf('plot.css');

/** What models foresee, in pictures: one file that needs no other, and runs no script. */
export function simulationPage(parts: readonly SimulationPart[]): string {
  const titles = parts.map(({ title }) => title).join(', ');
  const body = html`<header class="modelled">
<p class="who">Ordeal, simulation</p>
<h1>Modelled: ${titles}</h1>
<p class="summary">Evidence: <strong>modelled</strong>. Nothing of this was seen; it is what follows from the parameters. It certifies nothing.</p>
<p>Bars and shades are 95 % intervals of what another draw of the same model would give; they say nothing of the parameters.</p>
</header>
<main>
${parts.map(section)}
</main>
<footer><p>The figures are under each picture, and with their parameters in the JSON beside this page.</p></footer>`;
  return documentOf({ title: `Modelled: ${titles}`, body, style: STYLE });
}

function section({ notes, plots, suite, title }: SimulationPart): Markup {
  return html`<section aria-labelledby="${suite}"><h2 id="${suite}">${title}</h2>
${notes.map((note) => html`<p>${note}</p>`)}
<div class="plots">${plots.map((plot, index) => plotFigure(plot, `${suite}-${index}`))}</div>
</section>`;
}
