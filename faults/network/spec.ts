import { Impairment } from '../../clusters/network/port.ts';

/** What is to be done to a link's datagrams, whoever does it. */
const ImpairmentSpec = Impairment.omit({ id: true, untilWall: true });
export type ImpairmentSpec = Omit<Impairment, 'id' | 'untilWall'>;

/** With everything left out off. */
export function spec(wanted: Partial<ImpairmentSpec>): ImpairmentSpec {
  return ImpairmentSpec.parse(wanted);
}
