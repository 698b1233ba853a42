import type { History } from '../../harness/history/event.ts';
import type { LaneGroup } from '../../harness/history/timeline.ts';
import type { FaultVerdict, RequirementVerdict, Verdict } from '../../harness/verdict/verdict.ts';
import { bound, faultStory, figure, leftStory, outcomeWord, threshold } from '../figure.ts';
import { nodeFacts } from '../nodes.ts';
import { engineLanes, faultWindows } from './engine-lanes.ts';
import { html, type Markup } from './markup.ts';
import { documentOf, outcome, SIGN, table } from './parts.ts';
import { timelineSection } from './timeline.ts';

export interface PageOptions {
  verdict: Verdict;
  history: History;
  /** The suites’ own lanes. */
  lanes: readonly LaneGroup[];
  /** Why they could not be drawn, where they could not. */
  missing?: string;
}

/** The whole document: one file that needs no other, and runs no script. */
export function page({ history, lanes, missing, verdict }: PageOptions): string {
  const word = outcomeWord[verdict.verdict];
  const timeline = timelineSection({
    groups: [...engineLanes(history), ...lanes],
    faults: faultWindows(history),
    endMs: history.at(-1)?.mono ?? 0,
  });
  return documentOf({
    title: `${word}: ${verdict.profile} on ${verdict.cluster.provider}, run ${verdict.runId}`,
    body: html`<header class="${verdict.verdict}">
<p class="who">Ordeal, run ${verdict.runId}</p>
<h1><span aria-hidden="true">${SIGN[verdict.verdict]}</span> ${word}: profile ${verdict.profile} on ${verdict.cluster.provider}</h1>
<p class="summary">${verdict.summary}</p>
${bounds(verdict)}
</header>
<main>
${facts(verdict)}
${doubts(verdict)}
${requirementSection(verdict.requirements)}
${faultSection(verdict.faults)}
${leftSection(verdict.left)}
${missing === undefined ? '' : html`<p class="missing">The suites’ lanes are missing: ${missing}</p>`}
${timeline}
${replay(verdict)}
</main>
<footer><p>${history.length} events of the history are drawn here. What lies closer than a thousandth of the run is drawn as one: of bars the worst stays on top, of lines the lowest and the highest. <code>events.jsonl</code> has them all.</p></footer>`,
  });
}

/** How sure the whole is: what was real, and every bound that was reached. */
function bounds({ cluster, level, requirements }: Verdict): Markup {
  const claimed = requirements.filter(({ upperBound, skipped }) => upperBound !== null && !skipped);
  const sentences = claimed.map(
    (requirement) =>
      html`<li>${requirement.id} ${requirement.title}: ${requirement.comparison === '<=' ? 'at most' : 'at least'} <strong>${bound(requirement)}</strong> by ${requirement.samples} samples</li>`,
  );
  const evidence = html`<p>Evidence: <strong>${[...new Set(requirements.map((each) => each.evidence))].join(', ') || cluster.evidence}</strong>.</p>`;
  return sentences.length === 0
    ? html`${evidence}<p>No bound is claimed at level ${level}.</p>`
    : html`${evidence}<p>What the samples bound, with the one-sided confidence:</p><ul>${sentences}</ul>`;
}

function facts({ cluster, endedAt, level, profile, seed, startedAt }: Verdict): Markup {
  const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1_000;
  const pairs: [string, string][] = [
    ['profile', profile],
    ['level', level],
    ['cluster', `${cluster.name} (${cluster.provider})`],
    ...Object.entries(cluster.versions),
    ...nodeFacts(cluster),
    ['seed', String(seed)],
    ['started', startedAt],
    ['ended', `${endedAt}, after ${figure(seconds, 's')}`],
  ];
  return html`<section aria-labelledby="run"><h2 id="run">Run</h2><dl>${pairs.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></section>`;
}

/** Why it is not a pass, and all of which nothing can be said. */
function doubts({ faults, reasons, requirements, verdict }: Verdict): Markup {
  const open = [
    ...requirements
      .filter((each) => each.verdict === 'inconclusive')
      .map(
        (each) =>
          html`<li>${each.id} ${each.title}${each.skipped ? ', left out by the plan' : ''}: ${each.reason}</li>`,
      ),
    ...faults
      .filter(({ bit, healed }) => !bit || !healed)
      .map((each) => html`<li>fault ${each.id}: ${faultStory(each)}</li>`),
  ];
  return html`${reasons.length === 0 ? '' : html`<section aria-labelledby="why"><h2 id="why">Why it is ${verdict === 'fail' ? 'refused' : 'inconclusive'}</h2><ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul></section>`}
<section aria-labelledby="open"><h2 id="open">What was inconclusive</h2>${open.length === 0 ? html`<p>Nothing: every requirement was judged, and every fault bit and was healed.</p>` : html`<ul>${open}</ul>`}</section>`;
}

function requirementSection(requirements: readonly RequirementVerdict[]): Markup {
  return html`<section aria-labelledby="requirements"><h2 id="requirements">Requirements</h2>${table(
    'requirements',
    ['requirement', 'verdict', 'measured', 'required', 'samples', 'bound', 'evidence', 'what was seen'],
    {
      free: FREE,
      rows: requirements.map((requirement) => [
        html`<strong>${requirement.id}</strong> ${requirement.title}`,
        outcome(requirement),
        html`${figure(requirement.measured, requirement.unit)}`,
        html`${threshold(requirement)}`,
        html`${requirement.samples}`,
        html`${bound(requirement)}`,
        html`${requirement.evidence}`,
        html`${requirement.reason}`,
      ]),
    },
  )}</section>`;
}

function faultSection(faults: readonly FaultVerdict[]): Markup {
  const rows = faults.map((fault) => [
    html`<strong>${fault.id}</strong>`,
    html`${fault.kind}`,
    html`${fault.target}`,
    html`${fault.mechanism || '–'}`,
    html`${faultStory(fault)}`,
  ]);
  return html`<section aria-labelledby="faults"><h2 id="faults">Faults</h2>${faults.length === 0 ? html`<p>None was injected.</p>` : table('faults', ['fault', 'kind', 'target', 'mechanism', 'what became of it'], { free: FREE, rows })}</section>`;
}

/** How someone’s cluster was left; nothing of one that was the harness’s own. */
function leftSection(left: Verdict['left']): Markup | string {
  if (!left) return '';
  const list = (title: string, differences: readonly string[]) =>
    differences.length === 0
      ? ''
      : html`<p>${title}:</p><ul>${differences.map((difference) => html`<li>${difference}</li>`)}</ul>`;
  return html`<section aria-labelledby="left"><h2 id="left">How the cluster was left</h2><p>${leftStory(left)}.</p>
${list('What the run has changed, and not taken back', left.ours)}${list('What may be anybody’s', left.others)}</section>`;
}

/** Columns of names and sentences, as long as they may be. */
const FREE = new Set(['requirement', 'what was seen', 'fault', 'target', 'what became of it']);

function replay({ replay }: Verdict): Markup {
  return html`<section aria-labelledby="again"><h2 id="again">Again</h2>
${replay === '' ? html`<p>The history does not say which command it was.</p>` : html`<p>The command that runs it again:</p><pre>${replay}</pre>`}
<p>What judges this history again, without a cluster:</p><pre>ordeal report FOLDER</pre></section>`;
}
