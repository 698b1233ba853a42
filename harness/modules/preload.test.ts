import { expect } from 'chai';
import { run } from '../exec/exec.ts';

const PACKAGES = ['@kubernetes/client-node', 'execa', 'listr2', 'pino', 'yaml', 'zod'];

/** What a module says that runs as `ordeal.mjs` does: no test file does, each is itself loaded by require. */
async function saidBy(source: string): Promise<unknown> {
  const registered = `import { register } from 'tsx/esm/api'; register(); ${source}`;
  const { stdout } = await run([process.execPath, '--input-type=module', '--eval', registered]);
  return JSON.parse(stdout);
}

describe('preloaded packages', () => {
  it('are the modules that an import finds, so that a class of theirs is one class', async () => {
    const said = await saidBy(`
      import { createRequire } from 'node:module';
      import { fileURLToPath } from 'node:url';
      const { preload } = await import('./harness/modules/preload.ts');
      const require = createRequire(import.meta.url);
      const said = {};
      for (const name of ${JSON.stringify(PACKAGES)}) {
        preload(name);
        const required = require(fileURLToPath(import.meta.resolve(name)));
        const imported = await import(name);
        const names = Object.keys(imported).filter((each) => typeof imported[each] === 'function' && each in required);
        said[name] = names.length > 0 && names.every((each) => imported[each] === required[each]);
      }
      console.log(JSON.stringify(said));
    `);
    expect(said).to.deep.equal(Object.fromEntries(PACKAGES.map((name) => [name, true])));
  });

  it('are left to the imports where a require compiles TypeScript too', async () => {
    const { preload } = await import('./preload.ts');
    expect(() => preload('no-such-package')).not.to.throw();
  });
});
