import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { showers, strokes } from '../../../faults/network/weather.ts';
import { logUniform, poissonTimes } from '../../simulation/draw.ts';
import { streamOf } from './draw.ts';
import type { Parameters } from './parameters.ts';

export const DAY_MS = 86_400_000;

export interface Span {
  fromMs: number;
  toMs: number;
}

/** Datagrams are lost at random, in percent. */
export interface Lossy extends Span {
  loss: number;
}

/** What befalls one node's link, each in the order of its beginnings, on a clock that begins with the first day. */
export interface LinkLife {
  lossy: Lossy[];
  /** The NIC sends the tunnel's datagrams with half-made checksums, if it may make them at all. */
  defects: Span[];
  /** Nothing passes. */
  fades: Span[];
}

/**
 * Draws all that happens to a node's link, whatever remedies there are: what remedies are compared by meets them all.
 * Interference sets the defect off, and rain fades the link, as Poisson processes in the time that it lasts.
 */
export function linkLife(parameters: Parameters, node: number): LinkLife {
  const { days, defect, fade, machinery, rain, seed, shiftHours } = parameters;
  const overMs = days * DAY_MS;
  const wet = showers(spell(rain), overMs, streamOf(seed, node, 'rain'));
  const shiftMs = shiftHours * 3_600_000;
  const worked = strokes(spell(machinery), days * shiftMs, streamOf(seed, node, 'machinery')).map((window) =>
    onShifts(window, shiftMs),
  );
  const defects = streamOf(seed, node, 'defect');
  return {
    lossy: ordered([...wet, ...worked]),
    defects: ordered([
      ...struck(wet, defect.perRainHour, defect.lasts, defects),
      ...struck(worked, defect.perMachineryHour, defect.lasts, defects),
    ]),
    fades: struck(wet, fade.perRainHour, fade.lasts, streamOf(seed, node, 'fade')),
  };
}

/** A machine's stroke on the clock of its shifts, as the day has it; it stops with the shift. */
function onShifts({ fromMs, toMs, loss }: Lossy, shiftMs: number): Lossy {
  const day = Math.floor(fromMs / shiftMs);
  const at = day * (DAY_MS - shiftMs);
  return { fromMs: fromMs + at, toMs: Math.min(toMs, (day + 1) * shiftMs) + at, loss };
}

/** Spans that begin while any of the windows lasts, so often an hour of them. */
function struck(
  windows: readonly Span[],
  perHour: number,
  lasts: { least: number; most: number },
  random: RandomGenerator,
): Span[] {
  const total = windows.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  let index = 0;
  let before = 0;
  return poissonTimes(perHour, total, random).flatMap((at) => {
    let window = windows[index];
    while (window && before + window.toMs - window.fromMs <= at) {
      before += window.toMs - window.fromMs;
      index += 1;
      window = windows[index];
    }
    if (!window) return [];
    const fromMs = Math.round(window.fromMs + at - before);
    return [{ fromMs, toMs: fromMs + Math.round(logUniform(lasts, random)) }];
  });
}

function ordered<S extends Span>(spans: readonly S[]): S[] {
  return [...spans].sort((a, b) => a.fromMs - b.fromMs);
}

function spell({ every, lasts, loss }: Parameters['rain']) {
  return { everyMs: every, lastsMs: lasts, loss, corrupt: 0, delayMs: 0, jitterMs: 0 };
}
