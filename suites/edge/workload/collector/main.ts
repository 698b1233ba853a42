/** The sensor collector of an edge node: `main.ts OPTIONS`. */
import { machineClock, runProgram } from '../program.ts';
import { startCollector } from './collector.ts';
import { CollectorOptions } from './options.ts';

await runProgram(CollectorOptions, (options, ledger) => startCollector(options, machineClock, ledger));
