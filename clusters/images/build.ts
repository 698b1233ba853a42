import { type BuildImagesOptions, buildImages } from './images.ts';
import { buildK3sImages, DOUBLE_KUBERNETES } from './k3s-images.ts';
import { readyToolbox } from './toolbox-image.ts';
import { plainVersion } from './versions.ts';

/**
 * The images of the providers that run Kubernetes in containers, or of the one that is named. Without a name K3s is left out
 * for a version that its double was not tried with: it would be an error on a machine without a registry.
 * @returns the images' names in Docker.
 * @throws what the two builds throw.
 */
export async function buildAll(
  options: BuildImagesOptions & { cluster?: 'kind' | 'k3s' },
): Promise<string[]> {
  const { cluster } = options;
  const double = DOUBLE_KUBERNETES.includes(plainVersion(options.kubernetes));
  const names: string[] = [];
  if (cluster !== 'k3s') {
    const { nodeImage, workloadImage } = await buildImages(options);
    names.push(nodeImage, workloadImage);
  }
  if (cluster === 'k3s' || (cluster === undefined && double)) {
    const { nodeImage, workloadImage } = await buildK3sImages(options);
    names.push(nodeImage, workloadImage);
  }
  names.push(await readyToolbox(options));
  return [...new Set(names)];
}
