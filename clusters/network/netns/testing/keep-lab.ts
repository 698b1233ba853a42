/** Brings a lab up, says so, and stays until it is killed. */
import { UndoStack } from '../../../../harness/run/undo.ts';
import { netnsLab } from '../lab.ts';

await netnsLab({ runId: 'kept', nodes: ['edge-1'], undo: new UndoStack() });
process.stdout.write('up\n');
setInterval(() => undefined, 60_000);
