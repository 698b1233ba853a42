import { readFile } from 'node:fs/promises';
import { OrdealError } from '../../harness/errors/error.ts';
import { type RunResult, tryRun } from '../../harness/exec/exec.ts';
import type { Readiness } from '../../harness/run/ports.ts';

/** What nodes that are containers need of this machine. */
export async function containerReadiness(): Promise<Readiness[]> {
  const [docker, privileges] = await Promise.all([dockerReadiness(), privilegeReadiness()]);
  return docker.ok ? [docker, privileges] : [docker];
}

async function dockerReadiness(): Promise<Readiness> {
  const answer = await answerOf(['docker', 'version', '--format', '{{.Server.Version}}']);
  if (answer?.exitCode === 0) return { name: 'docker', ok: true, detail: `Docker Engine ${answer.stdout}` };
  return answer
    ? {
        name: 'docker',
        ok: false,
        detail: `no daemon answers: ${answer.stderr.split('\n').at(-1)}`,
        mend: 'sudo systemctl start docker',
      }
    : {
        name: 'docker',
        ok: false,
        detail: 'there is no docker command',
        mend: 'sudo apt-get install docker.io',
      };
}

/** The capability's bit in the kernel's masks. */
const CAP_SYS_RESOURCE = 24n;

/** A node is a privileged container; runc refuses one where a capability that it names is out of bounds. */
async function privilegeReadiness(): Promise<Readiness> {
  const name = 'privileged containers';
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? 'ffffffffff'}`);
  const runtime = await answerOf(['docker', 'info', '--format', '{{.DefaultRuntime}}']);
  const bounded = ((bounding >> CAP_SYS_RESOURCE) & 1n) === 1n;
  if (bounded || runtime?.stdout.trim() !== 'runc') return { name, ok: true, detail: 'nothing in the way' };
  return {
    name,
    ok: false,
    detail: 'this machine withholds CAP_SYS_RESOURCE, and Docker starts containers with plain runc',
    mend: 'sudo dockerd --add-runtime ordeal="$PWD/.ci/runc-without-sys-resource" --default-runtime ordeal',
  };
}

/** Undefined where there is no such command. */
export async function answerOf(argv: string[]): Promise<RunResult | undefined> {
  try {
    return await tryRun(argv, { timeoutMs: 10_000 });
  } catch (error) {
    if (error instanceof OrdealError && error.code === 'COMMAND_MISSING') return undefined;
    throw error;
  }
}
