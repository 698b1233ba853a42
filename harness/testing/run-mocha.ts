/** One lane's process: `run-mocha.ts TIMEOUT_MS FILE…`. Prints as usual, and sends its outcome to whoever forked it. */
import { config } from 'chai';
import Mocha from 'mocha';
import type { Outcome } from './outcome.ts';

const { EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Mocha.Runner.constants;

// What was seen is told, not its first words: what fails once in many runs may not be seen again.
config.truncateThreshold = 1_000;

const [timeoutMs, ...files] = process.argv.slice(2);
const mocha = new Mocha({ timeout: Number(timeoutMs), reporter: 'spec', forbidOnly: true });
for (const file of files) mocha.addFile(file);
await mocha.loadFilesAsync();

const outcome: Outcome = { passed: 0, failed: 0, skipped: 0, failures: [] };
const runner = mocha.run((failures) => {
  const end = () => process.exit(failures > 0 ? 1 : 0);
  // A hook that fails is no test, and still no success.
  if (process.send) process.send({ ...outcome, failed: Math.max(outcome.failed, failures) }, end);
  else end();
});
runner.on(EVENT_TEST_PASS, () => {
  outcome.passed += 1;
});
runner.on(EVENT_TEST_FAIL, (test, error: Error) => {
  outcome.failed += 1;
  outcome.failures.push({ title: test.titlePath().join(' › '), message: error.message });
});
runner.on(EVENT_TEST_PENDING, () => {
  outcome.skipped += 1;
});
