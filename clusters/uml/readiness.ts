import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readiness } from '../../harness/run/ports.ts';
import { hasTiles } from './whole-xstate.ts';

/** Debian's kernel for user mode, and where its package puts the modules. */
export const KERNEL = 'linux.uml';
const MODULES = '/usr/lib/uml/modules';
/** The guest's first process looks there, whatever the caller's PATH. */
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Each command that the guest and the lab in it run, and Debian's package of it. */
const TOOLS: readonly [command: string, from: string][] = [
  [KERNEL, 'user-mode-linux'],
  ['modprobe', 'kmod'],
  ['ip', 'iproute2'],
  ['tc', 'iproute2'],
  ['ethtool', 'ethtool'],
  ['wg', 'wireguard-tools'],
  ['wireguard-go', 'wireguard-go'],
  ['nft', 'nftables'],
  ['socat', 'socat'],
  ['setpriv', 'util-linux'],
  ['taskset', 'util-linux'],
];

/** What a user-mode-Linux guest needs of this machine; it needs no root. Nothing is started. */
export async function umlReadiness(): Promise<Readiness[]> {
  const { arch, platform } = process;
  const linux = platform === 'linux' && arch === 'x64';
  return [
    {
      name: 'Linux on x86-64',
      ok: linux,
      detail: `${platform} on ${arch}`,
      ...(!linux && { mend: 'run it on x86-64 Linux' }),
    },
    ...TOOLS.map(([command, from]) => tool(command, from)),
    ...(linux && hasTiles(readFileSync('/proc/cpuinfo', 'utf8')) ? [tool('cc', 'gcc libc6-dev')] : []),
    modules(),
  ];
}

function tool(name: string, from: string): Readiness {
  const found = SYSTEM_PATH.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found !== undefined) return { name, ok: true, detail: found };
  return {
    name,
    ok: false,
    detail: `no ${name} in ${SYSTEM_PATH.join(delimiter)}`,
    mend: `sudo apt-get install ${from}`,
  };
}

function modules(): Readiness {
  const ok = existsSync(MODULES);
  const name = 'modules of the guest’s kernel';
  if (ok) return { name, ok, detail: MODULES };
  return { name, ok, detail: `no ${MODULES}`, mend: 'sudo apt-get install user-mode-linux' };
}
