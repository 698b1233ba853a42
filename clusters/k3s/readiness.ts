import type { Readiness } from '../../harness/run/ports.ts';
import { containerReadiness } from '../container-nodes/readiness.ts';
import { findK3sImages, k3sName } from '../images/k3s-images.ts';
import { TRIED_KUBERNETES } from '../images/versions.ts';

/** What a K3s cluster needs of this machine. */
export async function k3sReadiness(): Promise<Readiness[]> {
  return [...(await containerReadiness()), await imagesReadiness()];
}

async function imagesReadiness(): Promise<Readiness> {
  const there: string[] = [];
  for (const version of TRIED_KUBERNETES) {
    const images = await findK3sImages(version);
    if (images) there.push(`${k3sName(images)} with Kubernetes ${version}`);
  }
  return there.length > 0
    ? { name: 'k3s images', ok: true, detail: there.join(', ') }
    : {
        name: 'k3s images',
        ok: false,
        detail: 'Docker has no rancher/k3s, and there is no double of it for the sources as they are',
        mend: 'ordeal images build --cluster k3s (as root where no image registry can be reached)',
      };
}
