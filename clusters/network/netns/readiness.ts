import { tryRun } from '../../../harness/exec/exec.ts';
import type { Readiness } from '../../../harness/run/ports.ts';

/** Each command that the lab and its faults run: how it tells its version, and Debian's package of it. */
const TOOLS: readonly { name: string; argv: readonly string[]; package: string }[] = [
  { name: 'ip', argv: ['ip', '-V'], package: 'iproute2' },
  { name: 'tc', argv: ['tc', '-V'], package: 'iproute2' },
  { name: 'ethtool', argv: ['ethtool', '--version'], package: 'ethtool' },
  { name: 'wg', argv: ['wg', '--version'], package: 'wireguard-tools' },
  { name: 'nft', argv: ['nft', '--version'], package: 'nftables' },
  { name: 'socat', argv: ['socat', '-V'], package: 'socat' },
];

/** What the netns lab needs of this machine. What is tried is tried in a namespace that is gone at once. */
export async function netnsReadiness(): Promise<Readiness[]> {
  return [root(), await namespaces(), ...(await Promise.all(TOOLS.map(tool))), await tunnels()];
}

function root(): Readiness {
  const ok = process.getuid?.() === 0;
  return { name: 'root', ok, detail: ok ? 'yes' : 'no', ...(!ok && { mend: 'run it with sudo' }) };
}

async function namespaces(): Promise<Readiness> {
  const failure = await failureOf(['unshare', '--net', 'true']);
  if (failure === undefined) return { name: 'network namespaces', ok: true, detail: 'can be made' };
  return {
    name: 'network namespaces',
    ok: false,
    detail: failure,
    mend: 'run it as root on Linux, and in a container with --privileged',
  };
}

async function tool({ argv, name, package: from }: (typeof TOOLS)[number]): Promise<Readiness> {
  const answer = await tryRun(argv).catch(() => undefined);
  if (answer?.exitCode === 0) return { name, ok: true, detail: versionIn(answer.stdout) };
  return { name, ok: false, detail: `there is no ${name} command`, mend: `sudo apt-get install ${from}` };
}

/** The first line that has a figure in it; socat names itself first. */
function versionIn(text: string): string {
  return (text.split('\n').find((line) => /\d+\.\d+/.test(line)) ?? text).trim();
}

/** The kernel's WireGuard, or wireguard-go and a TUN device for it. */
async function tunnels(): Promise<Readiness> {
  const name = 'WireGuard';
  const probe = ['ip', 'link', 'add', 'ordeal-probe', 'type', 'wireguard'];
  if ((await failureOf(['unshare', '--net', ...probe])) === undefined) {
    return { name, ok: true, detail: 'the kernel’s' };
  }
  const answer = await tryRun(['wireguard-go', '--version']).catch(() => undefined);
  if (answer?.exitCode !== 0) {
    return {
      name,
      ok: false,
      detail: 'neither the kernel’s nor wireguard-go',
      mend: 'sudo apt-get install wireguard-go',
    };
  }
  const missing = await failureOf(['test', '-c', '/dev/net/tun']);
  return missing === undefined
    ? { name, ok: true, detail: versionIn(answer.stdout) }
    : {
        name,
        ok: false,
        detail: 'wireguard-go is there, and /dev/net/tun, which it needs, is not',
        mend: 'sudo modprobe tun',
      };
}

/** Undefined where the command succeeds. */
async function failureOf(argv: readonly string[]): Promise<string | undefined> {
  try {
    const { exitCode, stderr } = await tryRun(argv);
    return exitCode === 0 ? undefined : stderr.trim() || `exit code ${exitCode}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
