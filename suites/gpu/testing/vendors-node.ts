import { embeddedProvider } from '../../../clusters/embedded/provider.ts';
import type { ClusterNode } from '../../../clusters/port.ts';
import { Stage } from '../../../faults/gpu/testing/stage.ts';
import type { Ground } from '../../../faults/network/testing/ground.ts';
import type { Verdict } from '../../../harness/verdict/verdict.ts';
import { StandingCluster } from '../../testing/standing-cluster.ts';
import { gpuSuite } from '../suite.ts';

/** Runs of the suite under the profile `as-is`: on an embedded node with a plugin that neither it nor the harness started. */
export class VendorsNode {
  readonly #standing = new StandingCluster(embeddedProvider);

  get folder(): string {
    return this.#standing.folder;
  }

  get ground(): Ground {
    return this.#standing.ground;
  }

  async up(): Promise<ClusterNode> {
    await this.#standing.up('cluster.workers=1', 'cluster.startLatency=200ms');
    return this.stage().node;
  }

  stage(): Stage {
    return new Stage(this.#standing.cluster, this.#standing.ground);
  }

  /** The verdict of a run as it is. `set`: as on the command line. */
  async certify(...set: string[]): Promise<Verdict> {
    return await this.#standing.run(gpuSuite, [
      ...['profile=as-is', 'level=smoke', 'cluster.workers=1'],
      ...set,
    ]);
  }

  /** Ends it; what could not be undone. */
  async down(): Promise<object[]> {
    return await this.#standing.down();
  }
}
