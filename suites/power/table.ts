import { type Counted, observations } from './observations.ts';
import { PROBABILITIES, powerOf } from './power.ts';

const HEAD = [
  ...['id', 'bad ones', 'level', 'seen in a run'],
  ...PROBABILITIES.map((probability) => `refused in ${Number((100 * probability).toFixed(0))} %`),
  'passes in 5 %',
];

/** A Markdown table: the true rates at which a run of each level is refused, or still passes, so often. */
export function powerTable(): string {
  const rows = observations().map((observed) => {
    const { passed, refused } = powerOf(observed);
    const rate = (value: number) =>
      observed.of === 'trials' ? `${number(100 * value)} %` : `${number(value)}/h`;
    return [
      ...[observed.id, observed.bad, `\`${observed.level}\``, seen(observed)],
      ...PROBABILITIES.map((probability) => rate(refused[probability])),
      passed === null ? 'never' : rate(passed),
    ];
  });
  return [HEAD, HEAD.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function seen({ among, of, size }: Counted): string {
  if (of === 'trials') return `${size} ${size === 1 ? among.replace(/s$/, '') : among}`;
  return `${Math.round(3_600 * size)} s of ${among}`;
}

/** Three digits that count. */
function number(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
