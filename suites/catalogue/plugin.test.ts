import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { DevicePlugin, serveRegistration } from '../../clusters/kubelet-api/device-plugin.ts';
import type { Listening } from '../../clusters/kubelet-api/transport.ts';
import { ManualClock } from '../../harness/clock/testing/manual-clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { StagedPlugin } from './plugin.ts';

describe('a scenario’s plugin that looks after itself', () => {
  let folder: string;
  let kubelet: Listening;
  let clock: ManualClock;
  let plugin: StagedPlugin;
  let registrations: number;
  const streams: (() => void)[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'staged-'));
    registrations = 0;
    kubelet = await serveRegistration(join(folder, 'kubelet.sock'), async () => {
      registrations += 1;
    });
    clock = new ManualClock();
    const nodes = { folder, resource: 'ordeal.dev/g', purpose: 'g', name: 'only', devices: 2 };
    plugin = new StagedPlugin({ ...nodes, supervised: true, clock, tell: () => undefined });
    await plugin.start();
    expect(registrations).to.equal(1);
  });

  afterEach(async () => {
    for (const close of streams.splice(0)) close();
    await plugin.end();
    await kubelet.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const until = (what: string, probe: () => boolean) =>
    waitFor(probe, { what, deadlineMs: 10_000, intervalMs: 10 });
  /** Opens the kubelet's stream; returns how to cancel it. */
  const listen = async () => {
    const back = new DevicePlugin(join(folder, 'ordeal-g-only.sock'));
    const cancel = back.listAndWatch({ devices: () => undefined, ended: () => undefined });
    streams.push(() => {
      cancel();
      back.close();
    });
    await until('the stream', () => plugin.openStreams === 1);
    return cancel;
  };

  it('does not register again while a slow kubelet may still open its stream: there would be two', async () => {
    await clock.advance(9_000);
    expect(registrations).to.equal(1);
    await listen();
    await clock.advance(60_000);
    expect(registrations).to.equal(1);
  });

  it('registers again where the kubelet has not opened one for as long as it dials', async () => {
    await clock.advance(11_000);
    await until('another registration', () => registrations === 2);
  });

  it('registers again at once where its stream is over', async () => {
    const cancel = await listen();
    cancel();
    await until('the end of the stream', () => plugin.openStreams === 0);
    await clock.advance(500);
    await until('another registration', () => registrations === 2);
  });
});
