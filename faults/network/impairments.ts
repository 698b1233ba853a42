import { inTurn } from '../../clusters/in-turn.ts';
import { type Impairment, Impairments, RelayState } from '../../clusters/network/port.ts';
import { replaceFile } from '../../clusters/replaced-file.ts';
import { readPresent } from '../../harness/exec/read-present.ts';

/** Asks a relay for an impairment, in place of any of the same id. */
export async function addImpairment(file: string, impairment: Impairment): Promise<void> {
  await change(file, (all) => [...all.filter(({ id }) => id !== impairment.id), impairment]);
}

/** Gives an impairment until then; the time that it had before, undefined where it was not asked for. What has lapsed, has. */
export async function renewImpairment(
  file: string,
  id: string,
  untilWall: number,
  nowWall: number,
): Promise<number | undefined> {
  let before: number | undefined;
  await change(file, (all) => {
    before = all.find((impairment) => impairment.id === id)?.untilWall;
    if (before === undefined || before <= nowWall) return undefined;
    return all.map((impairment) => (impairment.id === id ? { ...impairment, untilWall } : impairment));
  });
  return before;
}

/** Takes an impairment away; one that is not there, or whose relay is gone with its file, is gone already. */
export async function removeImpairment(file: string, id: string): Promise<void> {
  await change(file, (all) => {
    const others = all.filter((impairment) => impairment.id !== id);
    return others.length < all.length ? others : undefined;
  });
}

/** Undefined where the relay has not written it yet. */
export async function relayState(file: string): Promise<RelayState | undefined> {
  const text = readPresent(file);
  return text === undefined ? undefined : RelayState.parse(JSON.parse(text));
}

/** What a relay was last asked for. */
export async function asked(file: string): Promise<Impairment[]> {
  const text = readPresent(file);
  return text === undefined ? [] : Impairments.parse(JSON.parse(text)).impairments;
}

/** @param to what the relay is asked for instead; undefined: nothing is changed */
async function change(file: string, to: (all: Impairment[]) => Impairment[] | undefined): Promise<void> {
  await inTurn(file, async () => {
    const impairments = to(await asked(file));
    if (impairments) await replaceFile(file, { impairments });
  });
}
