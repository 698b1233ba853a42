import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import axe from 'axe-core';
import { expect } from 'chai';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Lane, LaneGroup, Span } from '../../harness/history/timeline.ts';
import { fault, requirement, verdictOf } from '../../harness/verdict/testing/sample.ts';
import { faultHistory } from '../testing/history.ts';
import { indexPage } from './index-page.ts';
import { page } from './page.ts';

/** Widths in CSS pixels. */
const PHONE = 320;
const TABLET = 768;
const DESK = 1_440;
const LONG = `ordeal-${'20261125t151557-'.repeat(8)}worker`;
const SPANS: readonly Span[] = (['good', 'neutral', 'waiting', 'held', 'bad'] as const).map(
  (tone, index) => ({
    from: index * 1_000,
    to: index * 1_000 + 900,
    tone,
    label: `${tone} of ${LONG}`,
  }),
);

/** Devices with 100 looks each, and a row of each kind. */
function lanesOf(devices: number): LaneGroup[] {
  const lanes = Array.from(
    { length: devices },
    (_, device): Lane => ({
      title: `gpu-${device}`,
      tracks: [
        { kind: 'spans', name: 'usable', spans: device === 0 ? SPANS : looks(device) },
        { kind: 'marks', name: 'handshakes', marks: [{ at: 5_000, label: 'handshake' }] },
        {
          kind: 'line',
          name: LONG,
          unit: 'kB/s',
          step: false,
          points: [
            [0, 1],
            [4_000, null],
            [9_000, 7],
          ],
        },
      ],
    }),
  );
  return [{ title: `Devices of ${LONG}`, note: 'What each row stands for.', lanes }];
}

function looks(device: number): Span[] {
  return Array.from({ length: 100 }, (_, look) => ({
    from: look * 100,
    to: look * 100 + 60,
    tone: (look + device) % 17 === 0 ? 'bad' : 'good',
    label: `look ${look}`,
  }));
}

const outcomes = { certified: 'pass', refused: 'fail', inconclusive: 'inconclusive' } as const;

describe('the page in a browser', () => {
  let folder: string;
  let browser: Browser;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ordeal-page-'));
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath: commandPath('chromium'), args });
  });
  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function written(name: keyof typeof outcomes, devices = 8): Promise<string> {
    const path = join(folder, `${name}.html`);
    const verdict = verdictOf({
      verdict: outcomes[name],
      reasons: name === 'certified' ? [] : [`fault on ${LONG} was not healed`],
      requirements: [
        requirement({ reason: `seen on ${LONG}` }),
        requirement({ id: 'GPU-2', verdict: 'fail' }),
        requirement({ id: 'GPU-3', verdict: 'inconclusive' }),
        requirement({ id: 'GPU-4', verdict: 'inconclusive', skipped: true }),
      ],
      faults: [fault({ target: LONG })],
    });
    await writeFile(path, page({ verdict, history: faultHistory(), lanes: lanesOf(devices) }));
    return path;
  }

  async function opened(path: string, width: number, colorScheme: 'light' | 'dark'): Promise<Page> {
    const tab = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    const asked: string[] = [];
    tab.on('request', (request) => asked.push(request.url()));
    await tab.goto(`file://${path}`);
    expect(asked).to.deep.equal([`file://${path}`]);
    return tab;
  }

  const all = Object.keys(outcomes) as (keyof typeof outcomes)[];
  const cases = [
    ...all.flatMap((name) => (['light', 'dark'] as const).map((scheme) => [name, scheme, PHONE] as const)),
    ...[TABLET, DESK].map((width) => ['refused', 'light', width] as const),
  ];
  for (const [name, scheme, width] of cases) {
    it(`${name}, ${scheme}, ${width} px: nothing for axe to find, and no scrolling sideways`, async () => {
      const tab = await opened(await written(name), width, scheme);
      expect(await violations(tab)).to.deep.equal([]);
      const [scrolled, seen] = (await tab.evaluate(
        'const { scrollWidth, clientWidth } = document.documentElement; [scrollWidth, clientWidth]',
      )) as [number, number];
      expect(scrolled).to.be.at.most(seen);
      await tab.close();
    });
  }

  for (const [scheme, width] of [
    ['light', PHONE],
    ['dark', DESK],
  ] as const) {
    it(`the index of controls, ${scheme}, ${width} px: the same, and its links lead to their pages`, async () => {
      const path = join(folder, 'index.html');
      const control = { verdict: verdictOf({ verdict: 'fail', profile: 'incident' }), refusedFor: ['GPU-1'] };
      const place = { suite: 'gpu', profile: 'incident', expected: 'fail', folder: 'gpu/incident' } as const;
      const other = { suite: 'gpu', profile: 'hardened', expected: 'pass', folder: 'gpu/hardened' } as const;
      await writeFile(path, indexPage([[{ ...place, control: { ...control, expected: 'fail' } }, other]]));
      await mkdir(join(folder, 'gpu', 'incident', 'report'), { recursive: true });
      await copyFile(await written('refused'), join(folder, 'gpu', 'incident', 'report', 'index.html'));
      const tab = await opened(path, width, scheme);
      expect(await violations(tab)).to.deep.equal([]);
      const [scrolled, seen] = (await tab.evaluate(
        'const { scrollWidth, clientWidth } = document.documentElement; [scrollWidth, clientWidth]',
      )) as [number, number];
      expect(scrolled).to.be.at.most(seen);
      await tab.locator('a').first().click();
      // A click waits for the page to come, and not for what is in it.
      await tab.waitForURL('**/gpu/incident/report/index.html');
      expect(await tab.title()).to.match(/^REFUSED: /);
      await tab.close();
    });
  }

  it('is clear to axe also with 100 devices and every detail open', async () => {
    const tab = await opened(await written('refused', 100), DESK, 'light');
    await tab.locator('summary').first().click();
    expect(await tab.locator('details[open] li').count()).to.equal(40);
    expect(await violations(tab)).to.deep.equal([]);
    await tab.close();
  });

  it('draws every tone in a colour of its own, apart from the ground, in light and in dark', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const tab = await opened(await written('refused'), DESK, scheme);
      const colours = (await tab.evaluate(
        `['good', 'neutral', 'waiting', 'held', 'bad', 'during'].map((tone) => getComputedStyle(document.querySelector('rect.' + tone)).fill)
          .concat(getComputedStyle(document.body).backgroundColor)`,
      )) as string[];
      expect(new Set(colours).size, colours.join(' ')).to.equal(7);
      await tab.close();
    }
  });

  it('prints without anything cut off', async () => {
    const tab = await opened(await written('refused'), DESK, 'dark');
    await tab.emulateMedia({ media: 'print', colorScheme: 'light' });
    await tab.setViewportSize({ width: 720, height: 1_000 });
    const widest = await tab.evaluate(
      'Math.max(...[...document.querySelectorAll("main *")].map((each) => each.getBoundingClientRect().right))',
    );
    expect(widest).to.be.at.most(720.5);
    expect((await tab.pdf({ format: 'A4' })).subarray(0, 5).toString()).to.equal('%PDF-');
    await tab.close();
  });
});

/** Every rule of axe's that was broken, with what broke it. */
async function violations(tab: Page): Promise<string[]> {
  await tab.evaluate(axe.source);
  const found = (await tab.evaluate('axe.run()')) as {
    violations: { id: string; nodes: { html: string }[] }[];
    passes: unknown[];
  };
  expect(found.passes.length).to.be.above(10);
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

/** Where a command of this machine's lies. */
function commandPath(command: string): string {
  const places = (process.env.PATH ?? '').split(delimiter).map((place) => join(place, command));
  return places.find((path) => existsSync(path)) ?? command;
}
