import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { doubtsOf, seenOf } from './seen.ts';

interface Who {
  scenario: string;
  /** Which was refused half way. */
  refused: string;
  /** Which asks for all devices afterwards. */
  whole: string;
}

/** Devices that a pod that asks for all of them does not get after another one was refused half way. */
export function checkFreed(history: History, { refused, scenario, whole }: Who, target: Target): Judged {
  const doubts = doubtsOf(history, scenario);
  const unmeasured = (reason: string) => judgeFigure(null, 0, target, 'devices', { reason, doubts });
  const looks = seenOf(history, scenario, 'pod.looked');
  const asked = seenOf(history, scenario, 'devices.asked').find(({ body }) => body.pod === whole);
  if (!asked) return unmeasured('nobody asked for all devices');
  if (!looks.some(({ body, mono }) => body.pod === refused && body.phase === 'Failed' && mono < asked.mono))
    return unmeasured(`${refused} was not seen to be refused before`);
  const { devices } = asked.body;
  const last = looks.filter(({ body, mono }) => body.pod === whole && mono > asked.mono).at(-1)?.body;
  if (!last) return unmeasured(`nobody looked at ${whole}`);
  if (last.running || last.phase === 'Succeeded') {
    const reason = `${whole} got all ${devices} devices`;
    return judgeFigure(0, devices, target, 'devices', { reason, doubts });
  }
  const reason = `${whole} is ${last.phase}${last.reason && ` (${last.reason}: ${last.message})`}`;
  if (last.phase !== 'Failed') return unmeasured(`${reason}: it was not looked at long enough`);
  // The kubelet's own words; where it has others, all are missing as far as is known.
  const [, available] = /Requested: \d+, Available: (\d+)/.exec(last.message) ?? [];
  const missing = available === undefined ? devices : devices - Number(available);
  return judgeFigure(missing, devices, target, 'devices', { reason, doubts });
}
