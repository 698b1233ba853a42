import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@grpc/grpc-js';
import { expect } from 'chai';
import { DraPluginClient, PluginWatcherClient } from './definition.ts';
import { announceDraPlugin, serveDraPlugin } from './dra-plugin.ts';
import { call, connectTo, type Listening } from './transport.ts';

const claim = (name: string) => ({ namespace: 'ns', name, uid: `uid-${name}` });
const DEVICE = { request_names: ['gpu'], pool_name: 'node', device_name: 'gpu-0', cdi_device_ids: [] };

describe('a DRA driver, asked as a kubelet asks', () => {
  let folder: string;
  const open: (Listening | Client)[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'od-'));
  });

  after(async () => {
    for (const each of open) await each.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('says of each claim what it has for it, or why not', async () => {
    const socket = join(folder, 'dra.sock');
    const unprepared: string[] = [];
    const server = await serveDraPlugin(socket, {
      prepare: async ({ name }) => {
        if (name === 'bad') throw new Error('nobody’s');
        return [DEVICE];
      },
      unprepare: async ({ uid }) => void unprepared.push(uid),
    });
    const kubelet = connectTo(DraPluginClient, socket);
    open.push(kubelet, server);
    const both = { claims: [claim('good'), claim('bad')] };
    expect(await call(kubelet, 'NodePrepareResources', both)).to.deep.equal({
      claims: {
        'uid-good': { devices: [DEVICE], error: '' },
        'uid-bad': { devices: [], error: 'nobody’s' },
      },
    });
    expect(await call(kubelet, 'NodeUnprepareResources', { claims: [claim('good')] })).to.deep.equal({
      claims: { 'uid-good': { error: '' } },
    });
    expect(unprepared).to.deep.equal(['uid-good']);
  });

  it('is found by its socket, and hears what became of it', async () => {
    const socket = join(folder, 'reg.sock');
    const heard: unknown[] = [];
    const server = await announceDraPlugin(socket, { name: 'd.test', endpoint: '/at/dra.sock' }, (status) =>
      heard.push(status),
    );
    const kubelet = connectTo(PluginWatcherClient, socket);
    open.push(kubelet, server);
    expect(await call(kubelet, 'GetInfo', {})).to.deep.equal({
      ...{ type: 'DRAPlugin', name: 'd.test', endpoint: '/at/dra.sock' },
      supported_versions: ['v1.DRAPlugin'],
    });
    await call(kubelet, 'NotifyRegistrationStatus', { plugin_registered: false, error: 'no' });
    expect(heard).to.deep.equal([{ registered: false, error: 'no' }]);
  });
});
