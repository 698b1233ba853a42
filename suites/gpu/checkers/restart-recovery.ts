import { eventsOf, type History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import type { SuiteEvents } from '../events.ts';

/** GPU-6: after the plugin went away, the time until its GPUs are allocatable again, and a fresh allocation works. */
export function checkRestartRecovery(history: History, target: Target): Judged {
  const went = eventsOf<SuiteEvents['restart.went']>(history, 'restart.went').at(0);
  if (!went)
    return judgeFigure(null, 0, target, 's', { reason: 'no restart of the plugin was seen', doubts: [] });
  const { node } = went.body;
  const fresh = eventsOf<SuiteEvents['restart.fresh']>(history, 'restart.fresh').find(
    ({ body, seq }) => seq > went.seq && body.node === node,
  );
  const stopped = eventsOf(history, 'ledger.plugin.stopped').find(
    ({ seq, source }) => seq > went.seq && source === `node/${node}`,
  );
  if (!stopped)
    return judgeFigure(null, 0, target, 's', { reason: 'the plugin was not seen to go away', doubts: [] });
  const full = Math.max(
    ...eventsOf<SuiteEvents['node.allocatable']>(history, 'node.allocatable')
      .filter(({ seq, body }) => seq < went.seq && body.node === node)
      .map(({ body }) => body.allocatable),
  );
  const registered = eventsOf(history, 'ledger.plugin.registered').find(
    ({ seq, source }) => seq > stopped.seq && source === `node/${node}`,
  );
  // Where there was nothing before, nothing can be back.
  const back =
    registered &&
    full > 0 &&
    eventsOf<SuiteEvents['node.allocatable']>(history, 'node.allocatable').find(
      ({ seq, body }) => seq > registered.seq && body.node === node && body.allocatable === full,
    );
  const last = history.at(-1)?.mono ?? stopped.mono;
  const seconds = ((back ? back.mono : last) - stopped.mono) / 1_000;
  if (!back) {
    // Not back by the end: a failure once the threshold has passed, and not yet known before.
    const reason = `${full} GPUs were not allocatable again ${seconds.toFixed(1)} s after the plugin went away`;
    return judgeFigure(Math.max(seconds, target.threshold < seconds ? seconds : 0), 1, target, 's', {
      reason,
      doubts: ['the run ended too early to tell'],
    });
  }
  const reason = `${full} GPUs allocatable again ${seconds.toFixed(1)} s after the plugin went away on ${node}`;
  if (fresh && !fresh.body.works) {
    const judged = judgeFigure(seconds, 1, target, 's', { reason, doubts: [] });
    return {
      ...judged,
      verdict: 'fail',
      reason: `${reason}; a fresh allocation did not work: ${fresh.body.detail}`,
    };
  }
  return judgeFigure(seconds, 1, target, 's', {
    reason: `${reason}; ${fresh?.body.detail ?? ''}`,
    doubts: fresh ? [] : ['no fresh allocation was seen'],
  });
}
