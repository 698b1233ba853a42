// Preloaded into a process (`--import`): V8 samples it from here on, and as it ends its profile goes into the folder told.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { basename, join } from 'node:path';

const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.start');
process.once('exit', () => {
  // Within its own thread a session answers before `post` returns.
  session.post('Profiler.stop', (_error, answer) => {
    const name = `${basename(process.argv[1] ?? 'node')}.${process.pid}.cpuprofile`;
    const path = join(process.env.ORDEAL_BENCH_PROFILES, name);
    if (answer) writeFileSync(path, JSON.stringify(answer.profile));
  });
});
