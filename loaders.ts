/** What the composition roots have in common: each part is loaded by the command that needs it. */
import type { Parts } from './harness/cli/parts.ts';
import type { ClusterHandle, Provider, Suite } from './harness/run/ports.ts';

// A suite asks for more of a cluster than the engine does; every provider here gives it.
export const provider = (loaded: unknown) => loaded as Provider<ClusterHandle>;
const suite = (loaded: unknown) => loaded as Suite<ClusterHandle>;

export const embedded = {
  embedded: async () => provider((await import('./clusters/embedded/provider.ts')).embeddedProvider),
} satisfies Parts['providers'];

export const existing = {
  existing: async () => provider((await import('./clusters/existing/provider.ts')).existingProvider),
} satisfies Parts['providers'];

export const suites = {
  gpu: async () => suite((await import('./suites/gpu/suite.ts')).gpuSuite),
  edge: async () => {
    const [{ edgeSuite }, { openNetwork }, { LINK_FAULTS }] = await Promise.all([
      import('./suites/edge/suite.ts'),
      import('./clusters/network/open.ts'),
      import('./suites/edge/link-faults.ts'),
    ]);
    return suite(edgeSuite({ openNetwork, faults: LINK_FAULTS }));
  },
  catalogue: async () => {
    const [{ catalogueSuite }, { openNetwork }] = await Promise.all([
      import('./suites/catalogue/suite.ts'),
      import('./clusters/network/open.ts'),
    ]);
    return suite(catalogueSuite(openNetwork));
  },
} satisfies Parts['suites'];

export const scenarios: Parts['scenarios'] = {
  suite: 'catalogue' satisfies keyof typeof suites,
  rows: async () => (await import('./suites/catalogue/listing.ts')).listing(),
};
