import type { Recorder } from '../../harness/history/event.ts';
import type { EdgeEvents } from './events.ts';
import { SUITE } from './settings.ts';

/** Writes one of this suite's own events into the history. */
export type Recording = <Type extends keyof EdgeEvents>(type: Type, body: EdgeEvents[Type]) => void;

export function recordingOf(recorder: Recorder): Recording {
  return (type, body) => {
    recorder.record(`suite/${SUITE}`, type, body);
  };
}
