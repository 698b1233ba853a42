import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { systemClock } from '../clock/clock.ts';
import { type Display, displayOn } from './display.ts';

/** A stream that keeps what is written, as a terminal or not. */
function sink(isTTY: boolean) {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream;
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  return Object.assign(stream, { isTTY, columns: 80, text: () => text });
}

describe('the display', () => {
  const show = (isTTY: boolean, options: { quiet?: boolean; env?: NodeJS.ProcessEnv } = {}) => {
    const [stderr, stdout] = [sink(isTTY), sink(isTTY)];
    const { quiet = false, env = {} } = options;
    const display = displayOn({ stderr, stdout, env, clock: systemClock, quiet });
    return { display, stderr, stdout };
  };
  const steps = async (display: Display) => {
    expect(
      await display.task('bring it up', async () => {
        display.line('halfway');
        return 7;
      }),
    ).to.equal(7);
    display.line('in between');
  };

  it('writes stamped lines where there is no terminal', async () => {
    const { display, stderr, stdout } = show(false);
    await steps(display);
    expect(stderr.text()).to.match(/^ +\d\.\d s {2}bring it up\n.*halfway\n.*in between\n$/);
    expect(stdout.text()).to.equal('');
  });

  it('ticks each step off on a terminal, and leaves the other stream to the reports', async () => {
    const before = process.stdout.isTTY;
    const { display, stderr, stdout } = show(true);
    await steps(display);
    expect(stderr.text())
      .to.match(/✔.*bring it up/)
      .and.to.contain('halfway')
      .and.to.contain('in between');
    expect(stdout.text()).to.not.contain('bring it up');
    expect(process.stdout.isTTY, 'what this process has').to.equal(before);
  });

  it('is plain in a pipeline’s terminal', async () => {
    const { display, stderr } = show(true, { env: { CI: 'true' } });
    await steps(display);
    expect(stderr.text()).to.not.contain('\u001b');
  });

  it('shows a step of a step as its line', async () => {
    const { display, stderr } = show(true);
    await display.task('outer', () => display.task('inner', async () => undefined));
    expect(stderr.text())
      .to.match(/✔.*outer/)
      .and.to.contain('inner');
  });

  for (const isTTY of [true, false]) {
    it(`passes on what a step failed of, ${isTTY ? 'live' : 'plain'}`, async () => {
      const { display } = show(isTTY);
      const failure = new Error('no cluster');
      const seen = await display
        .task('bring it up', () => Promise.reject(failure))
        .catch((error: unknown) => error);
      expect(seen).to.equal(failure);
    });
  }

  it('is silent where it is to be quiet', async () => {
    const { display, stderr } = show(true, { quiet: true });
    await steps(display);
    expect(stderr.text()).to.equal('');
  });
});
