import { type EngineEvents, eventsOf, type History, type HistoryEvent } from '../../harness/history/event.ts';
import { remembered } from '../../harness/history/remembered.ts';
import { edgeEvents } from './events.ts';
import { SUITE } from './settings.ts';
import type { EdgeLine } from './workload/ledger.ts';

const LEDGER = 'ledger.';

/** The nodes that the network was brought up with; undefined where that is not in the record. */
export function nodesOf(history: History): string[] | undefined {
  return edgeEvents(history, 'network.up').at(-1)?.body.nodes;
}

/** When this suite reached its steady state; undefined where it did not. */
export function steadyIn(history: History): HistoryEvent | undefined {
  return eventsOf<EngineEvents['steady.reached']>(history, 'steady.reached').find(
    ({ body }) => body.suite === SUITE,
  );
}

/** What of the record itself is missing or torn, whoever kept it: none of it may pass for "nothing happened". */
export const recordDoubts = remembered((history): readonly string[] => {
  const doubts: string[] = [];
  const nodes = nodesOf(history);
  if (!nodes) doubts.push('no network was seen to come up');
  for (const { body } of edgeEvents(history, 'fault.planned'))
    if (nodes && body.node !== null && !nodes.includes(body.node))
      doubts.push(`fault ${body.fault} was put on ${body.node}, which is not of the network`);
  const unreadable = edgeEvents(history, 'ledger.unreadable').length;
  if (unreadable > 0) doubts.push(`${unreadable} lines of ledgers could not be read`);
  for (const { body } of edgeEvents(history, 'program.failed')) doubts.push(`${body.program} fell over`);
  doubts.push(...lineDoubts(history));
  if (edgeEvents(history, 'observation.ended').length === 0)
    doubts.push('the observation was not seen through');
  return doubts;
});

/** Of the lines of a ledger, as they came: their numbers, when each was written, and how long later it came, on the clocks of the two. */
interface Lines {
  numbers: number[];
  monos: number[];
  ages: number[];
}

/** An epoch numbers its lines and writes them one after the other, by one clock that goes as the history's does. */
function lineDoubts(history: History): string[] {
  const epochs = new Map<string, Lines>();
  for (const { type, body, mono: cameMono } of history) {
    if (!type.startsWith(LEDGER) || type === 'ledger.unreadable') continue;
    const { epoch, mono, n } = body as Partial<EdgeLine>;
    if (epoch === undefined || n === undefined || mono === undefined) continue;
    const lines = epochs.get(epoch) ?? { numbers: [], monos: [], ages: [] };
    epochs.set(epoch, lines);
    lines.numbers.push(n);
    lines.monos.push(mono);
    lines.ages.push(cameMono - mono);
  }
  const found = { missing: 0, twice: 0, disordered: 0, backwards: 0, ahead: 0 };
  for (const { ages, monos, numbers } of epochs.values()) {
    const whole = numbers.every((n, at) => n === at);
    const distinct = whole ? numbers.length : new Set(numbers).size;
    found.missing += numbers.reduce((most, n) => Math.max(most, n), 0) + 1 - distinct;
    found.twice += numbers.length - distinct;
    found.disordered += falls(numbers);
    found.backwards += falls(monos);
    if (jumpedAhead(ages)) found.ahead += 1;
  }
  return [
    ...(found.missing > 0 ? [`${found.missing} lines of ledgers are missing`] : []),
    ...(found.twice > 0 ? [`${found.twice} lines of ledgers came twice`] : []),
    ...(found.disordered > 0 ? [`${found.disordered} lines of ledgers are out of their order`] : []),
    ...(found.backwards > 0 ? [`a ledger’s clock ran backwards ${found.backwards} times`] : []),
    ...(found.ahead > 0 ? [`the clocks of ${found.ahead} ledgers jumped ahead`] : []),
  ];
}

/** How often a figure is below the one before it. */
function falls(figures: readonly number[]): number {
  return figures.reduce((sum, figure, at) => (figure < (figures[at - 1] as number) ? sum + 1 : sum), 0);
}

/** More than lines are late to come where a program starts while its machine is busy: two seconds in what was recorded. */
const JUMP_MS = 5_000;

/** From some line on all lines are younger when they come than any before it was, and its clock went on for longer. */
function jumpedAhead(ages: readonly number[]): boolean {
  const youngestFrom = ages.slice();
  for (let at = ages.length - 2; at >= 0; at--)
    youngestFrom[at] = Math.min(youngestFrom[at] as number, youngestFrom[at + 1] as number);
  let youngest = Number.POSITIVE_INFINITY;
  return ages.some((age, at) => {
    const before = ages[at - 1];
    if (before === undefined) return false;
    youngest = Math.min(youngest, before);
    return before - age > JUMP_MS && youngest - (youngestFrom[at] as number) > JUMP_MS;
  });
}
