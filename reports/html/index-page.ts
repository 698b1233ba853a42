import type { ControlPlace } from '../../harness/run/ports.ts';
import { asExpected } from '../../harness/verdict/exit-code.ts';
import type { Outcome, Verdict } from '../../harness/verdict/verdict.ts';
import { AS_EXPECTED, otherwise } from '../controls.ts';
import { figure, outcomeWord, threshold } from '../figure.ts';
import { html, type Markup } from './markup.ts';
import { documentOf, outcome, SIGN, table } from './parts.ts';

const FREE = new Set(['requirement', 'what was seen']);

/** The controls of one `ordeal run` beside each other, a table a suite, with the way to each one’s own page. */
export function indexPage(lanes: readonly (readonly ControlPlace[])[]): string {
  const places = lanes.flat();
  const missing = places.filter(({ control }) => !control);
  const unexpected = places.flatMap(({ control }) => (control && !asExpected(control) ? [control] : []));
  const well = missing.length === 0 && unexpected.length === 0;
  const all: Outcome = well ? 'pass' : unexpected.some(isRefusal) ? 'fail' : 'inconclusive';
  const title = well ? AS_EXPECTED : 'Not every profile came out as it had to.';
  const told = [
    ...unexpected.map(otherwise),
    ...missing.map(({ folder }) => `${folder} was not run to its end.`),
  ];
  return documentOf({
    title: `Ordeal: ${title}`,
    body: html`<header class="${all}">
<p class="who">Ordeal, the controls of one run</p>
<h1><span aria-hidden="true">${SIGN[all]}</span> ${title}</h1>
<p class="summary">An incident has to be refused for what it is, and a hardened profile certified.</p>
${told.length === 0 ? '' : html`<ul>${told.map((line) => html`<li>${line}</li>`)}</ul>`}
</header>
<main>
${lanes.map((lane, index) => laneSection(lane, `lane-${index}`))}
</main>
<footer><p>Each control’s own page has its faults, its timeline and the command that runs it again.</p></footer>`,
  });
}

function isRefusal({ expected, verdict }: { expected: Outcome; verdict: Verdict }): boolean {
  return expected === 'pass' && verdict.verdict === 'fail';
}

function laneSection(lane: readonly ControlPlace[], id: string): Markup {
  const verdicts = lane.flatMap(({ control }) => (control ? [control.verdict] : []));
  const ids = [...new Set(verdicts.flatMap(({ requirements }) => requirements.map((each) => each.id)))];
  const names = lane.map(({ profile }) => profile);
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${lane.map(({ suite }) => suite)[0] ?? ''}</h2>${table(
    id,
    ['control', 'expected', 'seen', 'evidence', 'what was seen'],
    { free: FREE, rows: lane.map(controlRow) },
  )}</section>
<section aria-labelledby="${id}-figures"><h3 id="${id}-figures">Requirements</h3>${table(
    `${id}-figures`,
    ['requirement', 'required', ...names],
    {
      free: FREE,
      rows: ids.map((each) => [
        html`<strong>${each}</strong> ${titleOf(verdicts, each)}`,
        html`${thresholdOf(verdicts, each)}`,
        ...lane.map(({ control }) => figureCell(control?.verdict, each)),
      ]),
    },
  )}</section>`;
}

function controlRow({ control, expected, folder, profile }: ControlPlace): Markup[] {
  if (!control)
    return [html`${profile}`, html`${expected}`, html`–`, html`–`, html`It was not run to its end.`];
  const { cluster, summary, verdict } = control.verdict;
  return [
    html`<a href="${folder.split('/').map(encodeURIComponent).join('/')}/report/index.html">${profile}</a>`,
    html`${outcomeWord[expected]}`,
    html`<span class="outcome ${verdict}"><span aria-hidden="true">${SIGN[verdict]}</span> ${outcomeWord[verdict]}</span>`,
    html`${cluster.evidence}`,
    html`${summary}`,
  ];
}

function figureCell(verdict: Verdict | undefined, id: string): Markup {
  const found = verdict?.requirements.find((each) => each.id === id);
  return found ? html`${figure(found.measured, found.unit)} ${outcome(found)}` : html`–`;
}

function titleOf(verdicts: readonly Verdict[], id: string): string {
  return verdicts.flatMap(({ requirements }) => requirements).find((each) => each.id === id)?.title ?? '';
}

function thresholdOf(verdicts: readonly Verdict[], id: string): string {
  const found = verdicts.flatMap(({ requirements }) => requirements).filter((each) => each.id === id);
  return [...new Set(found.map(threshold))].join(', ');
}
