/** The cloud's end: `main.ts OPTIONS --lifeline`, with orders on standard input. */
import { machineClock, runProgram } from '../program.ts';
import { startCloud } from './cloud.ts';
import { CloudOptions } from './options.ts';

await runProgram(CloudOptions, (options, ledger) => startCloud(options, machineClock, ledger));
