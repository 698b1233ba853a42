import { withoutV } from '../../harness/kube/version.ts';
import type { Readiness } from '../../harness/run/ports.ts';
import { answerOf, containerReadiness } from '../container-nodes/readiness.ts';
import { findImages } from '../images/images.ts';
import { TRIED_KUBERNETES } from '../images/versions.ts';

/** The release of kind that the provider was tried with. */
const KIND_VERSION = 'v0.33.0';

/** What a kind cluster needs of this machine. */
export async function kindReadiness(): Promise<Readiness[]> {
  const [containers, ...others] = await Promise.all([
    containerReadiness(),
    kindCommandReadiness(),
    imagesReadiness(),
  ]);
  return [...containers, ...others];
}

async function kindCommandReadiness(): Promise<Readiness> {
  const version = await kindVersion();
  return version
    ? { name: 'kind', ok: true, detail: `kind ${version}` }
    : {
        name: 'kind',
        ok: false,
        detail: 'there is no kind command',
        mend: `go install sigs.k8s.io/kind@${KIND_VERSION}`,
      };
}

async function imagesReadiness(): Promise<Readiness> {
  const found = await Promise.all(TRIED_KUBERNETES.map((version) => findImages(version)));
  const there = TRIED_KUBERNETES.filter((_, index) => found[index] !== undefined);
  return there.length > 0
    ? { name: 'node images', ok: true, detail: `Kubernetes ${there.join(', ')}` }
    : {
        name: 'node images',
        ok: false,
        detail: 'none for the sources as they are',
        mend: 'ordeal images build (as root where no image registry can be reached)',
      };
}

/** `v0.33.0`; undefined where there is no kind command. */
export async function kindVersion(): Promise<string | undefined> {
  const answer = await answerOf(['kind', 'version', '--quiet']);
  return answer?.exitCode === 0 ? `v${withoutV(answer.stdout.trim())}` : undefined;
}
