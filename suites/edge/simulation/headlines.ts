import type { Estimate } from '../../simulation/estimate.ts';
import { figure, shown } from '../../simulation/words.ts';
import type { Figures } from './figures.ts';
import { MONTH_DAYS } from './node.ts';
import type { Parameters } from './parameters.ts';

/** In the assumption that the sensors measure only while the machinery runs. */
const SHIFT_HOURS = 8;
/** The top of what the incident's account says of disconnects. */
const MOST = { perDay: 5, lasts: 120_000 };

/** A figure of the incident's account, what the model makes of it, and what has to be so for them to agree. */
export interface Headline {
  claim: string;
  unit: string;
  predicted: Estimate;
  /** The prediction lies within the claim, with its interval where it has one; 2 % is taken as 1.5 to 2.5. */
  holds: boolean;
  needs: string[];
}

/** The incident's figures are taken as a node's: of five nodes together, each would have a fifth of the disconnects. */
export function headlinesOf(
  parameters: Parameters,
  incident: Figures,
  hardened: Figures,
  otherwise: (parameters: Parameters) => Figures,
): Headline[] {
  const perMonth = scaled(hardened.disconnectsPerDay, MONTH_DAYS);
  const expected = expectedPerDay(parameters);
  const handshakes = otherwise({ ...parameters, defect: { ...parameters.defect, match: 'handshake' } });
  const shift = otherwise(inShifts(parameters, expected, parameters.defect.lasts));
  const most = otherwise(inShifts(parameters, MOST.perDay, { least: MOST.lasts, most: MOST.lasts }));
  const longestS = (hardened.longestMs ?? 0) / 1_000;
  const neededS = incident.disconnects === 0 ? null : (0.02 * 86_400) / incident.disconnectsPerDay.figure;
  return [
    {
      claim: 'without remedies 3–5 disconnects a day',
      unit: '/day',
      predicted: incident.disconnectsPerDay,
      holds: within(incident.disconnectsPerDay, 3, 5),
      needs: [
        `the defect to be set off ${figure(expected)} times a node and day: an input, chosen for this row`,
        `it to break all of the tunnel’s datagrams: were it the handshakes alone, a session would outlive most of it, and there would be ${shown(handshakes.disconnectsPerDay)} a day`,
        'the figure to be one node’s; were it the plant’s, the defect would be set off so much more rarely',
      ],
    },
    {
      claim: 'with all remedies 0–1 a month',
      unit: '/month',
      predicted: perMonth,
      holds: within(perMonth, 0, 1),
      needs: [
        'the offload to stay off, also after a restart: nothing else ends the defect',
        `the link to fade wholly no oftener than ${figure(fadesPerMonth(parameters))} times a node and month: an input, for no remedy keeps a link up`,
      ],
    },
    {
      claim: 'with all remedies ≤ 10 s each',
      unit: 's',
      predicted: { figure: longestS, lower: longestS, upper: null },
      holds: longestS <= 10,
      needs: [
        `a fade to be over within ${figure(parameters.fade.lasts.most / 1_000)} s: an input; a tunnel that lost its session needs up to 5.3 s more`,
      ],
    },
    {
      claim: 'without remedies 2 % lost',
      unit: '%',
      predicted: incident.lostPercent,
      holds: within(incident.lostPercent, 1.5, 2.5),
      needs: [
        ...(neededS === null || incident.meanStallMs === null
          ? []
          : [
              `at this rate of disconnects, ${figure(neededS)} s without an acknowledgement for each; here it is ${figure(incident.meanStallMs / 1_000)} s, and disconnects of 30 s to 2 min do not make 2 % of a day`,
            ]),
        `or sensors that measure only in a shift of ${SHIFT_HOURS} h, in which the machinery sets off as many defects a day: then ${shown(shift.lostPercent)} % are lost; with ${MOST.perDay} a day of ${MOST.lasts / 1_000} s each, ${shown(most.lostPercent)} %`,
      ],
    },
    {
      claim: 'with all remedies < 0.1 % lost',
      unit: '%',
      predicted: hardened.lostPercent,
      holds: Math.max(hardened.lostPercent.figure, hardened.lostPercent.upper ?? 0) < 0.1,
      needs: [
        `an offline store that outlasts the longest stall at ${figure(parameters.mqtt.rate)} measurements a second, and whose process is not restarted with it`,
      ],
    },
  ];
}

/** So many defects a day, all of them set off by machinery in the one shift in which the sensors measure. */
function inShifts(parameters: Parameters, perDay: number, lasts: Parameters['defect']['lasts']): Parameters {
  const shifted = { ...parameters, shiftHours: SHIFT_HOURS };
  const perMachineryHour = perDay / machineryHours(shifted);
  return { ...shifted, defect: { ...parameters.defect, lasts, perRainHour: 0, perMachineryHour } };
}

function expectedPerDay(parameters: Parameters): number {
  const { perMachineryHour, perRainHour } = parameters.defect;
  return perRainHour * rainHours(parameters) + perMachineryHour * machineryHours(parameters);
}

function fadesPerMonth(parameters: Parameters): number {
  return parameters.fade.perRainHour * rainHours(parameters) * MONTH_DAYS;
}

/** A day, on average, as long as spells are shorter than the time from one to the next. */
function rainHours({ rain }: Parameters): number {
  return (24 * rain.lasts) / Math.max(rain.every, rain.lasts);
}

function machineryHours({ machinery, shiftHours }: Parameters): number {
  return (shiftHours * machinery.lasts) / Math.max(machinery.every, machinery.lasts);
}

function within({ figure: value, lower, upper }: Estimate, least: number, most: number): boolean {
  return Math.min(value, lower) >= least && Math.max(value, upper ?? value) <= most;
}

function scaled({ figure: value, lower, upper }: Estimate, by: number): Estimate {
  return { figure: value * by, lower: lower * by, upper: upper === null ? null : upper * by };
}
