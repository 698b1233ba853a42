/** A prober of one way to the cloud: `main.ts OPTIONS`. */
import { machineClock, runProgram } from '../program.ts';
import { ProbeOptions } from './options.ts';
import { startProber } from './prober.ts';

await runProgram(ProbeOptions, (options, ledger) => startProber(options, machineClock, ledger));
