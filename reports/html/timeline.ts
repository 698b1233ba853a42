import { scaleLinear, scaleUtc } from 'd3-scale';
import { curveLinear, curveStepAfter, line } from 'd3-shape';
import type { Lane, LaneGroup, Point, Span, Tone, Track } from '../../harness/history/timeline.ts';
import type { FaultWindow } from './engine-lanes.ts';
import { html, type Markup } from './markup.ts';
import { type Bar, bars, COLUMNS, type Tick, thinned, ticks } from './thin.ts';

export interface TimelineOptions {
  groups: readonly LaneGroup[];
  faults: readonly FaultWindow[];
  /** Of the history, in ms. */
  endMs: number;
}

type Scale = (at: number) => number;

/** A row's height in its own units, which are pixels. */
const HEIGHT: Record<Track['kind'], number> = { spans: 14, marks: 14, line: 28 };
/** Upper edge and height of a bar: what is wrong is taller than what is not, so that it does not rest on colour. */
const SHAPE: Record<Tone, readonly [y: number, height: number]> = {
  good: [5, 4],
  neutral: [5, 4],
  waiting: [3, 8],
  held: [2, 10],
  bad: [0, 14],
};
/** Up to so many shapes each says what it is under the pointer; a title makes a shape eight times as large. */
const TITLED_SHAPES = 4_000;
/** What was bad is also told in words: in each group, the longest. */
const TOLD = 40;

/** Every group of lanes under one another on one scale of time, and behind every row the time of the faults. */
export function timelineSection({ groups, faults, endMs }: TimelineOptions): Markup {
  const scale = scaleLinear([0, Math.max(endMs, 1)], [0, COLUMNS]);
  const axis = axisOf(endMs, scale);
  const shapes = groups
    .flatMap(({ lanes }) => lanes.flatMap(({ tracks }) => tracks))
    .reduce((sum, track) => sum + shapesIn(track, scale), 0);
  const titled = shapes <= TITLED_SHAPES;
  return html`<section aria-labelledby="timeline">
<h2 id="timeline">Timeline</h2>
<p>Time since the recording started; every row has the same scale.</p>
${legend()}
<svg class="defs" aria-hidden="true" focusable="false"><defs><g id="back">${faults.map(({ from, to }) => backdrop(scale(from), scale(to)))}${axis.map(({ x }) => html`<path class="grid" d="M${x} 0v100"/>`)}</g></defs></svg>
${groups.map((group, index) => groupSection(group, { scale, axis, titled, id: `group-${index}` }))}
</section>`;
}

interface Drawing {
  scale: Scale;
  axis: readonly { x: number; label: string }[];
  titled: boolean;
}

function groupSection({ lanes, note, title }: LaneGroup, drawing: Drawing & { id: string }): Markup {
  const drawn = lanes.filter(({ tracks }) => tracks.length > 0);
  return html`<section class="group" aria-labelledby="${drawing.id}">
<h3 id="${drawing.id}">${title}</h3>
<p class="note">${note}</p>
${drawn.length === 0 ? html`<p>Nothing was recorded.</p>` : html`${axisRow(drawing)}${drawn.map((lane) => laneBlock(lane, drawing))}${axisRow(drawing)}`}
${told(drawn)}
</section>`;
}

function axisRow({ axis }: Drawing): Markup {
  return html`<div class="axis" aria-hidden="true"><div>${axis.map(({ label, x }) => html`<span style="left:${x / 10}%">${label}</span>`)}</div></div>`;
}

function laneBlock({ title, tracks }: Lane, drawing: Drawing): Markup {
  return html`<div class="lane"><p class="lane-title">${title}</p>${tracks.map((track) => trackRow(title, track, drawing))}</div>
`;
}

function trackRow(lane: string, track: Track, { scale, titled }: Drawing): Markup {
  const height = HEIGHT[track.kind];
  const words = inWords(track);
  return html`<div class="track"><span class="name">${track.name}${track.kind === 'line' ? html` <small>${words}</small>` : ''}</span><svg role="img" aria-label="${lane}, ${track.name}: ${words}" viewBox="0 0 ${COLUMNS} ${height}" height="${height}" preserveAspectRatio="none"><use href="#back"/>${drawingOf(track, scale, titled)}</svg></div>`;
}

function drawingOf(track: Track, scale: Scale, titled: boolean): Markup {
  if (track.kind === 'line') return lineDrawing(track, scale);
  if (track.kind === 'marks') return marksDrawing(ticks(track.marks, scale), titled);
  const drawn = bars(track.spans, scale);
  if (titled) return html`${drawn.map(titledBar)}`;
  const tones = [...new Set(drawn.map(({ tone }) => tone))];
  return html`${tones.map(
    (tone) =>
      html`<path class="${tone}" d="${drawn
        .filter((bar) => bar.tone === tone)
        .map(barPath)
        .join('')}"/>`,
  )}`;
}

function titledBar(bar: Bar): Markup {
  const [y, height] = SHAPE[bar.tone];
  return html`<rect class="${bar.tone}" x="${short(bar.x)}" y="${y}" width="${short(bar.width)}" height="${height}"><title>${several(bar)}</title></rect>`;
}

function barPath({ tone, width, x }: Bar): string {
  const [y, height] = SHAPE[tone];
  return `M${short(x)} ${y}h${short(width)}v${height}h-${short(width)}z`;
}

function marksDrawing(drawn: readonly Tick[], titled: boolean): Markup {
  const d = (x: number) => `M${x} 1v12`;
  if (!titled) return html`<path class="mark" d="${drawn.map(({ x }) => d(x)).join('')}"/>`;
  return html`${drawn.map((tick) => html`<path class="mark" d="${d(tick.x)}"><title>${several(tick)}</title></path>`)}`;
}

function several({ count, label }: { count: number; label: string }): string {
  return count === 1 ? label : `${label}, and ${count - 1} more`;
}

function lineDrawing({ points, step }: Extract<Track, { kind: 'line' }>, scale: Scale): Markup {
  const height = HEIGHT.line;
  const y = scaleLinear([0, highest(points) || 1], [height - 1, 2]);
  const held: readonly Point[] = step
    ? [...points, [Number.MAX_SAFE_INTEGER, points.at(-1)?.[1] ?? null]]
    : points;
  const path = line<Point>()
    .defined(([, value]) => value !== null)
    .x(([at]) => Math.min(COLUMNS, scale(at)))
    .y(([, value]) => y(value ?? 0))
    .curve(step ? curveStepAfter : curveLinear)
    .digits(1);
  return html`<path class="line" d="${path(thinned(held, scale)) ?? ''}"/>`;
}

/** What a row shows, for whoever does not see it. */
function inWords(track: Track): string {
  if (track.kind === 'marks') return `${track.marks.length}`;
  if (track.kind === 'line') {
    const last = track.points.findLast(([, value]) => value !== null)?.[1] ?? null;
    return last === null
      ? 'never seen'
      : `${rounded(highest(track.points))} at most, ${rounded(last)} at the end, ${track.unit}`;
  }
  const tones = (['bad', 'held', 'waiting', 'neutral', 'good'] as const).flatMap((tone) => {
    const of = track.spans.filter((span) => span.tone === tone);
    const total = of.reduce((sum, { from, to }) => sum + to - from, 0);
    return of.length === 0 ? [] : [`${tone} ${seconds(total)}`];
  });
  return tones.join(', ') || 'nothing';
}

/** The bad spans of a group in words, the longest first, as a page’s readers cannot all point at a pixel. */
function told(lanes: readonly Lane[]): Markup | '' {
  const bad = lanes
    .flatMap(({ title, tracks }) =>
      tracks.flatMap((track) =>
        track.kind === 'spans'
          ? badOf(track.spans).map((span) => ({ ...span, where: `${title}, ${track.name}` }))
          : [],
      ),
    )
    .sort((a, b) => b.to - b.from - (a.to - a.from));
  if (bad.length === 0) return '';
  const rest = bad.length > TOLD ? html`<p>And ${bad.length - TOLD} shorter ones.</p>` : '';
  return html`<details><summary>${bad.length} bad in words</summary><ol>${bad.slice(0, TOLD).map((span) => html`<li>${span.where}: ${seconds(span.from)} to ${seconds(span.to)}, ${span.label}</li>`)}</ol>${rest}</details>`;
}

/** Bad spans that follow each other without a pause, as looks do, are one. */
function badOf(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const span of spans.filter(({ tone }) => tone === 'bad')) {
    const last = joined.at(-1);
    if (last && last.to === span.from) last.to = span.to;
    else joined.push({ ...span });
  }
  return joined;
}

function shapesIn(track: Track, scale: Scale): number {
  if (track.kind === 'spans') return bars(track.spans, scale).length;
  return track.kind === 'marks' ? ticks(track.marks, scale).length : 1;
}

function axisOf(endMs: number, scale: Scale): { x: number; label: string }[] {
  return scaleUtc([0, Math.max(endMs, 1)], [0, COLUMNS])
    .ticks(8)
    .map((tick) => ({ x: Math.round(scale(tick.getTime())), label: clockTime(tick.getTime()) }))
    .filter(({ x }) => x < COLUMNS - 70);
}

/** `1:05`, `1:01:05` from an hour on. */
function clockTime(ms: number): string {
  const all = Math.round(ms / 1_000);
  const [hours, minutes, secs] = [Math.floor(all / 3_600), Math.floor(all / 60) % 60, all % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(secs)}` : `${minutes}:${two(secs)}`;
}

function backdrop(from: number, to: number): Markup {
  return html`<rect class="during" x="${short(from)}" y="0" width="${short(Math.max(1, to - from))}" height="100"/>`;
}

function legend(): Markup {
  const meanings: Record<Tone, string> = {
    good: 'as it should be',
    neutral: 'in use, or at work',
    waiting: 'not yet there',
    held: 'held by a fault',
    bad: 'what a requirement is refused for',
  };
  const key = ([tone, meaning]: [string, string]) => {
    const [y, height] = SHAPE[tone as Tone];
    return html`<li><svg aria-hidden="true" width="24" height="14" viewBox="0 0 24 14"><rect class="${tone}" x="0" y="${y}" width="24" height="${height}"/></svg> ${tone}: ${meaning}</li>`;
  };
  return html`<ul class="legend">${Object.entries(meanings).map(key)}<li><svg aria-hidden="true" width="24" height="14" viewBox="0 0 24 14"><rect class="during" width="24" height="14"/></svg> a fault is in force</li></ul>`;
}

function highest(points: readonly Point[]): number {
  return points.reduce((most, [, value]) => Math.max(most, value ?? 0), 0);
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** A tenth of a column is less than anyone sees. */
function short(value: number): number {
  return Math.round(value * 10) / 10;
}
