/** `npm run power`: what a run of each level sees and what it misses, as the Markdown table of README. */
import { powerTable } from './table.ts';

process.stdout.write(powerTable());
