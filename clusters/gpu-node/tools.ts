import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { gpuNodeFiles } from './layout.ts';
import { NVIDIA_SMI } from './nvidia-smi.ts';
import { VECTOR_ADD } from './vector-add.ts';

/** Lays out what Allocate mounts into containers. */
export function writeTools(files: ReturnType<typeof gpuNodeFiles>): void {
  mkdirSync(join(files.root, 'bin'), { recursive: true });
  for (const [path, text] of [
    [files.nvidiaSmi, NVIDIA_SMI],
    [files.vectorAdd, VECTOR_ADD],
  ] as const) {
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  }
}
