import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildAll } from './build.ts';
import { k3sDoubleTag } from './k3s-image.ts';
import { buildK3sImages, findK3sImages, k3sName } from './k3s-images.ts';

const progress = () => {};

describe('images of K3s', () => {
  let env: NodeJS.ProcessEnv;

  beforeEach(() => {
    env = { ...process.env, ORDEAL_CACHE: mkdtempSync(join(tmpdir(), 'ordeal-images-')) };
  });

  afterEach(() => {
    rmSync(env.ORDEAL_CACHE as string, { recursive: true, force: true });
  });

  it('names the double as what it is', () => {
    expect(k3sName({ source: 'double' })).to.equal('k3s (double)');
    expect(k3sName({ source: 'rancher' })).to.equal('k3s');
  });

  it('keys the double by its inputs', async () => {
    const [tag, again, other] = await Promise.all(['1.34.4', '1.34.4', '1.27.3'].map(k3sDoubleTag));
    expect(tag).to.match(/^localhost\/ordeal-k3s-double:v1\.34\.4-[0-9a-f]{10}$/);
    expect(again).to.equal(tag);
    expect(other?.split('-').at(-1)).not.to.equal(tag?.split('-').at(-1));
  });

  it('finds nothing where the workload image is not there', async () => {
    expect(await findK3sImages('1.34.4', env)).to.equal(undefined);
  });

  for (const build of [buildK3sImages, buildAll]) {
    it(`${build.name} refuses a double of a version that it was not tried with`, async () => {
      const options = { kubernetes: 'v1.27.3', source: 'local', cluster: 'k3s', env, progress } as const;
      const error = await build(options).catch((thrown: unknown) => thrown);
      expect(error).to.include({ code: 'K3S_DOUBLE_VERSION', exit: 4 });
      expect(error).to.have.property('todo').that.contains('rancher/k3s:v1.27.3-k3s1');
    });
  }
});
