import { type ScaleContinuousNumeric, scaleLinear, scaleSymlog } from 'd3-scale';
import { area, line } from 'd3-shape';
import type { Around, Plot } from '../../harness/simulation/plot.ts';
import { html, type Markup } from './markup.ts';

type Rows = Extract<Plot, { kind: 'rows' }>;
type Lines = Extract<Plot, { kind: 'lines' }>;
type Scale = ScaleContinuousNumeric<number, number>;
type Point = Lines['lines'][number]['points'][number];

/** In the drawing's own units, which are pixels of a wide screen. */
const WIDTH = 560;
const ROW = 22;
const NAMES = 230;
const RIGHT = 24;
const HEIGHT = 240;
const [LEFT, TOP, BOTTOM] = [56, 12, 40];
const TICKS = 5;

/** A picture with its figures in a table below, for whoever does not see it. */
export function plotFigure(plot: Plot, id: string): Markup {
  return html`<figure class="plot" aria-labelledby="${id}">
<figcaption id="${id}">${plot.title}, ${plot.unit}</figcaption>
${plot.note === '' ? '' : html`<p class="note">${plot.note}</p>`}
${plot.kind === 'rows' ? rowsDrawing(plot) : linesDrawing(plot)}
<details><summary>Figures</summary>${plot.kind === 'rows' ? rowsTable(plot) : linesTable(plot)}</details>
</figure>
`;
}

function rowsDrawing({ log, rows, title, unit }: Rows): Markup {
  const scale = scaleOf(rows, log, [NAMES, WIDTH - RIGHT]);
  const bottom = ROW * rows.length;
  const dot = (row: Rows['rows'][number], index: number): Markup => {
    const y = ROW * index + ROW / 2;
    return html`<text class="name" x="${NAMES - 10}" y="${y + 4}" text-anchor="end">${row.name}</text>${whisker(row, scale, y)}<circle class="dot" cx="${short(scale(row.figure))}" cy="${y}" r="4"><title>${row.name}: ${words(row)} ${unit}</title></circle>`;
  };
  return html`<svg role="img" aria-label="${title}: ${rows.map((row) => `${row.name} ${words(row)}`).join('; ')}" viewBox="0 0 ${WIDTH} ${bottom + 24}">
${scale.ticks(TICKS).map((tick) => html`<path class="grid" d="M${short(scale(tick))} 0v${bottom}"/><text class="tick" x="${short(scale(tick))}" y="${bottom + 18}" text-anchor="middle">${rounded(tick)}</text>`)}
${rows.map(dot)}
</svg>`;
}

function whisker({ lower, upper }: Around, scale: Scale, y: number): Markup | '' {
  if (upper === null) return '';
  return html`<path class="whisker" d="M${short(scale(lower))} ${y}H${short(scale(upper))}M${short(scale(lower))} ${y - 4}v8M${short(scale(upper))} ${y - 4}v8"/>`;
}

function linesDrawing({ lines, log, title, unit, x: over }: Lines): Markup {
  const points = lines.flatMap((each) => each.points);
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  // What is doubled from one to the next is as far apart as the one before.
  const doubles = xs.length > 2 && (xs.at(-1) ?? 0) >= 4 * xs.length;
  const x = (doubles ? scaleSymlog().constant(1) : scaleLinear())
    .domain([xs[0] ?? 0, xs.at(-1) ?? 1])
    .range([LEFT, WIDTH - RIGHT]);
  const y = scaleOf(points, log, [HEIGHT - BOTTOM, TOP]);
  return html`<svg role="img" aria-label="${title}: ${lines.map(({ name, points: of }) => `${name}: ${of.map((point) => `${point.x}: ${words(point)}`).join('; ')}`).join('. ')}" viewBox="0 0 ${WIDTH} ${HEIGHT}">
${y.ticks(TICKS).map((tick) => html`<path class="grid" d="M${LEFT} ${short(y(tick))}H${WIDTH - RIGHT}"/><text class="tick" x="${LEFT - 6}" y="${short(y(tick)) + 4}" text-anchor="end">${rounded(tick)}</text>`)}
${xs.map((at) => html`<text class="tick" x="${short(x(at))}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${at}</text>`)}
<text class="tick" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 4}" text-anchor="middle">${over}</text>
${lines.map((each, index) => lineDrawing(each, index, { x, y, unit }))}
</svg>
<ul class="legend">${lines.map(({ name }, index) => html`<li><svg aria-hidden="true" width="28" height="14" viewBox="0 0 28 14"><path class="series-${index}" d="M0 7h28"/>${mark(index, 14, 7)}</svg> ${name}</li>`)}</ul>`;
}

function lineDrawing(
  { name, points }: Lines['lines'][number],
  index: number,
  { unit, x, y }: { x: Scale; y: Scale; unit: string },
): Markup {
  const shade = area<Point>()
    .x((point) => x(point.x))
    .y0(({ lower }) => y(lower))
    .y1(({ figure, upper }) => y(upper ?? figure))
    .digits(1);
  const path = line<Point>()
    .x((point) => x(point.x))
    .y(({ figure }) => y(figure))
    .digits(1);
  return html`<path class="shade-${index}" d="${shade(points) ?? ''}"/><path class="series-${index}" d="${path(points) ?? ''}"/>${points.map((point) => html`<g>${mark(index, x(point.x), y(point.figure))}<title>${name}, ${point.x}: ${words(point)} ${unit}</title></g>`)}`;
}

/** A shape beside the colour, so that no one has to tell them apart by that. */
function mark(index: number, x: number, y: number): Markup {
  return index === 0
    ? html`<circle class="mark-0" cx="${short(x)}" cy="${short(y)}" r="4"/>`
    : html`<path class="mark-1" d="M${short(x)} ${short(y - 5)}l5 5l-5 5l-5-5z"/>`;
}

/** From zero to the largest there is; logarithmic from the smallest above zero on, and zero beside it. */
function scaleOf(values: readonly Around[], log: boolean, range: [number, number]): Scale {
  const most = values.reduce((top, { figure, upper }) => Math.max(top, figure, upper ?? 0), 0) || 1;
  if (!log) return scaleLinear([0, most], range).nice(TICKS);
  const least = values.reduce((low, { figure }) => (figure > 0 ? Math.min(low, figure) : low), most);
  const scale = scaleSymlog([0, most], range).constant(least);
  // Its own ticks are evenly spread, which is no help on a logarithmic scale.
  const powers = [0];
  for (let power = Math.ceil(Math.log10(least)); 10 ** power <= most; power += 1) powers.push(10 ** power);
  scale.ticks = () => powers;
  return scale;
}

function rowsTable({ rows, title, unit }: Rows): Markup {
  return table(
    ['remedies', `${title}, ${unit}`],
    rows.map((row) => [row.name, words(row)]),
  );
}

function linesTable({ lines, unit, x }: Lines): Markup {
  const xs = [...new Set(lines.flatMap(({ points }) => points.map((point) => point.x)))];
  return table(
    [x, ...lines.map(({ name }) => `${name}, ${unit}`)],
    xs.map((at) => [
      String(at),
      ...lines.map(({ points }) => {
        const point = points.find((each) => each.x === at);
        return point ? words(point) : '–';
      }),
    ]),
  );
}

/** On a narrow screen every row is a card; the roles keep it a table for whoever does not see it. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): Markup {
  return html`<table role="table"><thead role="rowgroup"><tr role="row">${header.map((name) => html`<th role="columnheader" scope="col">${name}</th>`)}</tr></thead><tbody role="rowgroup">${rows.map((cells) => html`<tr role="row">${cells.map((cell, index) => html`<td role="cell" data-label="${header[index] ?? ''}"><div>${cell}</div></td>`)}</tr>`)}</tbody></table>`;
}

function words({ figure, lower, upper }: Around): string {
  return upper === null ? rounded(figure) : `${rounded(figure)} (${rounded(lower)}–${rounded(upper)})`;
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** A tenth of a pixel is less than anyone sees. */
function short(value: number): number {
  return Math.round(value * 10) / 10;
}
