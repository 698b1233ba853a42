import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../harness/errors/error.ts';
import type { LaneGroup } from '../../harness/history/timeline.ts';
import type { ReportContext, Reporter } from '../../harness/run/ports.ts';
import { page } from './page.ts';

/** `report/index.html`: one page that needs nothing else, for the person at the gate. */
export const htmlReporter: Reporter = {
  name: 'html',
  async report({ history, outDir, timeline, verdict }) {
    const folder = join(outDir, 'report');
    const path = join(folder, 'index.html');
    await mkdir(folder, { recursive: true });
    await writeFile(path, page({ verdict, history, ...drawn(timeline) }));
    return [path];
  },
};

/** A verdict is to be read also where a history is too strange to be drawn. */
function drawn(timeline: ReportContext['timeline']): { lanes: LaneGroup[]; missing?: string } {
  try {
    return { lanes: timeline() };
  } catch (error) {
    return { lanes: [], missing: messageOf(error) };
  }
}
