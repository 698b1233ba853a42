import { type Judged, judgeFigure, type Target } from '../../judged.ts';

/** When something came to be, in seconds, as far as looks tell. */
interface Until {
  /** The last look at which it was not yet; 0 where there was none. */
  notYet: number;
  /** The look at which it was first seen; undefined where it never was. */
  by: number | undefined;
}

/** A time that has to be short enough. It failed only where it was seen not to be, later than is allowed. */
export function judgeUntil(
  { by, notYet }: Until,
  samples: number,
  target: Target,
  { doubts, reason }: { doubts: readonly string[]; reason: string },
): Judged {
  const late = notYet > target.threshold;
  const judge = (figure: number | null, ...more: string[]) =>
    judgeFigure(figure, samples, target, 's', { reason, doubts: [...doubts, ...more] });
  if (by === undefined) return late ? judge(notYet) : judge(null, 'it was not looked at long enough');
  if (by <= target.threshold || late) return judge(by);
  return judge(null, `nobody looked from ${notYet.toFixed(1)} s to ${by.toFixed(1)} s`);
}
