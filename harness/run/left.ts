import { messageOf } from '../errors/error.ts';
import type { ClusterLeft } from '../verdict/verdict.ts';

/** A cluster that cannot be looked at may be in any state. */
export async function leftBy(look: () => Promise<ClusterLeft>): Promise<ClusterLeft> {
  try {
    return await look();
  } catch (error) {
    return { compared: 0, ours: [], others: [], unseen: messageOf(error) };
  }
}
