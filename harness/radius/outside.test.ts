import { expect } from 'chai';
import fc from 'fast-check';
import { outside } from './outside.ts';
import { type Radius, type Reach, reach, type Surroundings } from './reach.ts';

const NODES = ['control', 'a', 'b', 'c', 'd'];
const nodes: Surroundings['nodes'] = NODES.map((name) => ({
  name,
  role: name === 'control' ? 'control-plane' : 'worker',
}));
const DEVICES = ['eth0', 'n0', 'n1', 'wg-edge0'];
const NAMESPACES = ['ordeal-run', 'shop', 'default', 'kube-system', 'gpu-operator', 'openshift-etcd'];
const RESOURCES = ['nvidia.com/gpu', 'jobs', 'broker'];

const some = (names: readonly string[]) => fc.subarray([...names]);
const interfaces = fc.subarray(NODES.flatMap((node) => DEVICES.map((device) => ({ node, device }))));

const radii: fc.Arbitrary<Radius> = fc.record({
  nodes: some(NODES),
  mostNodes: fc.integer({ min: 0, max: NODES.length }),
  mostShare: fc.integer({ min: 0, max: 100 }),
  interfaces,
  namespaces: some(NAMESPACES),
  resources: some(RESOURCES),
  hostNetwork: fc.boolean(),
});
const reaches: fc.Arbitrary<Reach> = fc.record({
  nodes: some(NODES),
  interfaces,
  namespaces: some(NAMESPACES),
  resources: some(RESOURCES),
  hostTraffic: some(NODES),
});
const podsOn = (name: string) => ({ namespace: 'kube-system', name: `proxy-${name}`, node: name });

/** Allows all that there is. */
const everything: Radius = {
  nodes: NODES,
  mostNodes: NODES.length,
  mostShare: 100,
  interfaces: DEVICES.map((device) => ({ device })),
  namespaces: NAMESPACES,
  resources: RESOURCES,
  hostNetwork: true,
};
const alone = { nodes, hostNetworkPods: [], held: [] };
const pathsOf = (...of: Parameters<typeof outside>) => outside(...of).map(({ path }) => path);

describe('what is outside of a blast radius', () => {
  it('is told for whatever a fault touches and the radius does not name, of any kind', () => {
    fc.assert(
      fc.property(reaches, radii, fc.array(reaches, { maxLength: 3 }), (wanted, radius, held) => {
        const pods = wanted.hostTraffic.map(podsOn);
        const paths = new Set(pathsOf(wanted, radius, { nodes, hostNetworkPods: pods, held }));
        const strays = (names: readonly string[], allowed: readonly string[]) =>
          names.some((name) => !allowed.includes(name));
        const touched = [
          ...wanted.nodes,
          ...wanted.hostTraffic,
          ...wanted.interfaces.map(({ node }) => node),
        ];
        const atOnce = new Set([wanted, ...held].flatMap((each) => [...each.nodes, ...each.hostTraffic]))
          .size;
        const deviceStrays = wanted.interfaces.some(
          (each) =>
            !radius.interfaces.some(({ device, node }) => device === each.device && node === each.node),
        );
        const empty = touched.length + wanted.namespaces.length + wanted.resources.length === 0;
        expect(paths.has('radius')).to.equal(empty);
        expect(paths.has('radius.nodes')).to.equal(strays(touched, radius.nodes));
        expect(paths.has('radius.interfaces')).to.equal(deviceStrays);
        expect(paths.has('radius.namespaces')).to.equal(strays(wanted.namespaces, radius.namespaces));
        expect(paths.has('radius.resources')).to.equal(strays(wanted.resources, radius.resources));
        expect(paths.has('radius.hostNetwork')).to.equal(pods.length > 0 && !radius.hostNetwork);
        expect(paths.has('radius.nodes.most')).to.equal(atOnce > radius.mostNodes);
        expect(paths.has('radius.nodes.share')).to.equal((100 * atOnce) / NODES.length > radius.mostShare);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is a name that is nearly one of the radius’s', () => {
    const near = fc
      .constantFrom(...NODES)
      .chain((name) =>
        fc.constantFrom(`${name} `, ` ${name}`, name.toUpperCase(), `${name}.`, '*', '.*', ''),
      );
    fc.assert(
      fc.property(near, (name) => {
        expect(pathsOf(reach({ nodes: [name] }), everything, alone)).to.include('radius.nodes');
        expect(pathsOf(reach({ namespaces: [name] }), everything, alone)).to.include('radius.namespaces');
        expect(pathsOf(reach({ resources: [name] }), everything, alone)).to.include('radius.resources');
        const stray = { node: 'a', device: name };
        expect(pathsOf(reach({ interfaces: [stray] }), everything, alone)).to.include('radius.interfaces');
      }),
    );
  });

  it('says of a control plane, of the system’s namespaces and of nothing that they are such', () => {
    const radius = { ...everything, nodes: ['a'], namespaces: ['shop'] };
    const said = (wanted: Partial<Reach>) =>
      outside(reach(wanted), radius, alone)
        .map(({ message }) => message)
        .join('\n');
    expect(said({ nodes: ['control'] })).to.match(/node control is a node of the control plane/);
    expect(said({ nodes: ['b'] })).to.match(/node b is not in the blast radius/);
    expect(said({ namespaces: ['kube-system'] })).to.match(/kube-system is of the system/);
    expect(said({ namespaces: ['calico-system'] })).to.match(/calico-system is of the system/);
    expect(said({ namespaces: ['default'] })).to.match(/default is not in the blast radius/);
    expect(said({})).to.equal('it selects nothing');
  });

  it('is all that is more than the cap where the cluster’s nodes are unknown', () => {
    const around = { ...alone, nodes: [] };
    const half = { ...everything, mostShare: 50 };
    expect(pathsOf(reach({ nodes: ['a'] }), half, around)).to.deep.equal(['radius.nodes.share']);
    expect(pathsOf(reach({ nodes: ['a'] }), everything, around)).to.deep.equal([]);
  });
});
