import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withBuildContext } from '../../../clusters/images/context.ts';
import { buildVersitygw, VERSITYGW_NAME } from '../../../clusters/images/go-binary.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { messageOf } from '../../../harness/errors/error.ts';
import { freePort } from '../../../harness/exec/free-port.ts';
import { redactor } from '../../../harness/redact/own.ts';
import type { StepContext } from '../../../harness/run/ports.ts';
import { CheckpointStore, type StoreAddress, type StoreKeys } from './store.ts';

const LOOPBACK = '127.0.0.1';
const READY_MS = 20_000;
/** How long the server may take to end in order. */
const END_MS = 5_000;

/** Runs its arguments until its standard input closes, however the one that holds it went; what they wrote is the run's. */
const UNTIL_THE_LIFELINE_ENDS = [
  '"$@" </dev/null &',
  // A terminal's Ctrl-C is for the harness, which closes the lifeline when it is through.
  "trap '' INT",
  'cat >/dev/null',
  'kill -KILL "$!"',
].join('\n');

export interface OpenStore {
  /** `given`, or the program and its version. */
  kind: string;
  address: StoreAddress;
  keys: StoreKeys;
}

/**
 * A store of the run's own, in the run's scratch folder, with keys that nobody has seen.
 * @param host where it listens; on loopback unless told
 * @throws OrdealError COMMAND_MISSING, COMMAND_FAILED (exit 4) where its server can't be built, WAIT_DEADLINE (exit 4)
 * where it does not answer.
 */
export async function openOwnStore(
  context: Pick<StepContext, 'clock' | 'progress' | 'signal' | 'undo' | 'workDir'>,
  { bucket, host = LOOPBACK, region }: Omit<StoreAddress, 'endpoint'> & { host?: string },
): Promise<OpenStore> {
  const { clock, progress, signal, undo, workDir } = context;
  const program = await withBuildContext(
    { signal, progress: (line) => progress(`gpu: ${line}`) },
    buildVersitygw,
  );
  const folder = join(workDir, 's3');
  const objects = join(folder, 'objects');
  const about = join(folder, 'about');
  // To it a folder is a bucket.
  for (const each of [join(objects, bucket), about]) await mkdir(each, { recursive: true, mode: 0o700 });
  const keys: StoreKeys = { accessKeyId: secret(10), secretAccessKey: secret(20) };
  for (const key of Object.values(keys)) redactor.learn(key);
  const port = await freePort();
  const log = join(folder, 'log');
  let stop = async () => {};
  undo.push('stop the S3 store', () => stop());
  // What it knows of an object goes into files: not every file system has extended attributes. An argument shows in `ps`.
  const server = [program, '--port', `${host}:${port}`, '--region', region, '--quiet'];
  const argv = [...server, 'posix', '--sidecar', about, objects];
  const logFile = openSync(log, 'a', 0o600);
  const child = spawn('sh', ['-c', UNTIL_THE_LIFELINE_ENDS, 'sh', ...argv], {
    stdio: ['pipe', logFile, logFile],
    env: {
      // Its options are variables too, and those of this shell are not meant for it.
      PATH: process.env.PATH,
      ROOT_ACCESS_KEY_ID: keys.accessKeyId,
      ROOT_SECRET_ACCESS_KEY: keys.secretAccessKey,
    },
  });
  closeSync(logFile);
  child.stdin?.on('error', () => undefined);
  const over = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  stop = async () => {
    child.stdin?.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await over;
    clearTimeout(timer);
  };
  const address = { endpoint: `http://${host}:${port}`, bucket, region };
  const store = new CheckpointStore(address, keys);
  let said = '';
  await waitFor(
    async () => {
      try {
        return await store.hasBucket();
      } catch (error) {
        const lines = (await readFile(log, 'utf8')).trimEnd().split('\n').slice(-4);
        said = [messageOf(error), ...lines].join('\n');
        return false;
      }
    },
    { what: `${VERSITYGW_NAME} to answer`, deadlineMs: READY_MS, clock, signal, seen: () => said },
  );
  return { kind: VERSITYGW_NAME, address, keys };
}

function secret(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
