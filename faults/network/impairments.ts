import { readFile, rename, writeFile } from 'node:fs/promises';
import { type Impairment, Impairments, RelayState } from '../../clusters/network/port.ts';

/** Asks a relay for an impairment, or renews the one of the same id. */
export async function addImpairment(file: string, impairment: Impairment): Promise<void> {
  const others = (await asked(file)).filter(({ id }) => id !== impairment.id);
  await replace(file, [...others, impairment]);
}

/** Takes an impairment away; one that is not there, or whose relay is gone with its file, is gone already. */
export async function removeImpairment(file: string, id: string): Promise<void> {
  const all = await asked(file);
  const others = all.filter((impairment) => impairment.id !== id);
  if (others.length < all.length) await replace(file, others);
}

/** Undefined where the relay has not written it yet. */
export async function relayState(file: string): Promise<RelayState | undefined> {
  const text = await textOf(file);
  return text === undefined ? undefined : RelayState.parse(JSON.parse(text));
}

async function asked(file: string): Promise<Impairment[]> {
  const text = await textOf(file);
  return text === undefined ? [] : Impairments.parse(JSON.parse(text)).impairments;
}

/** In one step, so that the relay never reads half a file. */
async function replace(file: string, impairments: Impairment[]): Promise<void> {
  const fresh = `${file}.new`;
  await writeFile(fresh, JSON.stringify({ impairments }));
  await rename(fresh, file);
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
