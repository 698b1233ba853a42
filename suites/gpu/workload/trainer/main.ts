/** A training container whose state outlives it: `main.ts OPTIONS`, with the store's keys in the environment. */
import { systemClock } from '../../../../harness/clock/clock.ts';
import { messageOf } from '../../../../harness/errors/error.ts';
import { ledgerOf } from '../../checkpoints/ledger.ts';
import { CheckpointStore } from '../../checkpoints/store.ts';
import { TrainerEnvironment, TrainerOptions } from './options.ts';
import { train } from './train.ts';

const options = TrainerOptions.parse(JSON.parse(process.argv[2] ?? '{}'));
const env = TrainerEnvironment.parse(process.env);
// A container's first process has no handlers of its own, and would go on through its grace.
process.on('SIGTERM', () => process.exit(143));
const store = new CheckpointStore(options, {
  accessKeyId: env.AWS_ACCESS_KEY_ID,
  secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
});
// Where a pipe is written to at once, a line is out before the next act.
const say = ledgerOf(env.RANK, env.POD_UID, (line) => process.stdout.write(`${line}\n`));
try {
  await train(options, { rank: env.RANK, attempt: env.POD_UID, store, say, clock: systemClock });
} catch (error) {
  say({ what: 'failed', reason: messageOf(error) });
  process.exitCode = 1;
}
