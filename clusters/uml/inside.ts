import { readFileSync } from 'node:fs';

/** Whether this process runs on a user-mode-Linux kernel. */
export function insideGuest(path = '/proc/cpuinfo'): boolean {
  try {
    return readFileSync(path, 'utf8').includes('User Mode Linux');
  } catch {
    return false;
  }
}
