import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { run, tryRun } from '../../harness/exec/exec.ts';
import { withBuildContext } from './context.ts';
import { packFolder, writeImageArchive } from './image-archive.ts';

describe('image archive', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ordeal-archive-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const build = (archive: string, compressed = false) =>
    withBuildContext({ env: { ORDEAL_CACHE: join(folder, 'cache') } }, async (context) => {
      const layer = join(folder, 'cache', 'layer.tar');
      await packFolder(join(folder, 'root'), layer, context);
      const config = { Env: ['PATH=/bin'], Entrypoint: ['/tool'] };
      await writeImageArchive(
        archive,
        { tags: ['localhost/one:1', 'localhost/two:1'], layers: [layer], compressed, config },
        context,
      );
      return createHash('sha256')
        .update(await readFile(layer))
        .digest('hex');
    });

  it('names its layer by the digest that its config claims, under every tag', async () => {
    await mkdir(join(folder, 'root'));
    await writeFile(join(folder, 'root', 'tool'), 'a program');
    const archive = join(folder, 'image.tar');
    const digest = await build(archive);
    const member = async (name: string) => (await run(['tar', '-xOf', archive, `./${name}`])).stdout;
    const [manifest] = JSON.parse(await member('manifest.json'));
    expect(manifest.RepoTags).to.deep.equal(['localhost/one:1', 'localhost/two:1']);
    expect(manifest.Layers).to.deep.equal([`${digest}.tar`]);
    const config = JSON.parse(await member(manifest.Config));
    expect(config.rootfs).to.deep.equal({ type: 'layers', diff_ids: [`sha256:${digest}`] });
    expect(config.config.Entrypoint).to.deep.equal(['/tool']);
  });

  it('has the same bytes for the same files', async () => {
    await mkdir(join(folder, 'root'));
    await writeFile(join(folder, 'root', 'tool'), 'a program');
    await build(join(folder, 'first.tar'));
    await writeFile(join(folder, 'root', 'tool'), 'a program');
    await build(join(folder, 'second.tar'));
    expect(await readFile(join(folder, 'first.tar'))).to.deep.equal(
      await readFile(join(folder, 'second.tar')),
    );
  });

  it('has a compressed layer under the digest of its contents, which are what its config claims', async function () {
    if ((await tryRun(['which', 'zstd'])).exitCode !== 0) this.skip();
    await mkdir(join(folder, 'root'));
    await writeFile(join(folder, 'root', 'tool'), 'a program '.repeat(10_000));
    const archive = join(folder, 'image.tar');
    const digest = await build(archive, true);
    await run(['tar', '-C', folder, '-xf', archive, `./${digest}.tar`]);
    const file = join(folder, `${digest}.tar`);
    const listed = await run(['tar', '--zstd', '-tvf', file]);
    expect(listed.stdout).to.match(/ 100000 .* \.\/tool$/m);
    const whole = await run(['sh', '-c', 'zstd --decompress --stdout "$1" | sha256sum', 'sh', file]);
    expect(whole.stdout).to.contain(digest);
    expect((await stat(archive)).size).to.be.lessThan(50_000);
  });
});
