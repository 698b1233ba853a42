import { type Exec, ipBatch, must } from '../netns/host.ts';
import { bridgeNic, NIC_CLOUD, NIC_EDGE, sendFramesAsDatagrams, setFeatures, veth } from '../netns/wiring.ts';
import { addressCommands, type Interface, interfaceIn, otherMac } from './interface.ts';

/** The interface by which a node that is a container speaks. */
export const NODE_INTERFACE = 'eth0';
/** What the node's new interface is called until the old one has made room. */
const INCOMING = 'ordeal-e0';

/** An interface as it is in a namespace. */
export async function interfaceAt(exec: Exec, namespace: string, device: string): Promise<Interface> {
  const ask = (...words: string[]) =>
    must(exec, ['ip', '-n', namespace, '-j', ...words, 'show', 'dev', device]);
  return interfaceIn(await ask('address'), {
    inet: await ask('-4', 'route'),
    inet6: await ask('-6', 'route'),
  });
}

/**
 * A NIC between a node and its own cable, a bump in the wire: the node's interface moves into the NIC's namespace and is
 * bridged there with a new one, which is the node's from then on, with the name, MAC, addresses and routes of the old. So
 * all that the node says passes its NIC.
 */
export class Bump {
  readonly edge: string;
  readonly nic: string;
  readonly #exec: Exec;
  #before: Interface | undefined;

  /** @param exec also for taking it out: it has to work as long as there is anything to take out. */
  constructor(edge: string, nic: string, exec: Exec) {
    this.edge = edge;
    this.nic = nic;
    this.#exec = exec;
  }

  /** @returns the interface as it was found, and is again. */
  async lay(exec: Exec): Promise<Interface> {
    const before = await interfaceAt(exec, this.edge, NODE_INTERFACE);
    await ipBatch(exec, undefined, [
      ['netns', 'add', this.nic],
      veth([NIC_EDGE, this.nic], [INCOMING, this.edge]),
    ]);
    this.#before = before;
    // The node is off its network from here to the bridge.
    await ipBatch(exec, this.edge, [
      ['link', 'set', NODE_INTERFACE, 'netns', this.nic, 'name', NIC_CLOUD],
      ['link', 'set', INCOMING, 'name', NODE_INTERFACE],
      ['link', 'set', NODE_INTERFACE, 'address', before.mac, 'mtu', String(before.mtu)],
    ]);
    await this.#address(exec, before);
    await ipBatch(exec, this.nic, [
      ['link', 'set', NIC_CLOUD, 'address', otherMac(before.mac)],
      ['link', 'set', NIC_EDGE, 'mtu', String(before.mtu)],
    ]);
    await bridgeNic(exec, this.nic);
    await sendFramesAsDatagrams(exec, this.edge, NODE_INTERFACE);
    return before;
  }

  /** Gives the node its own interface back, as far as it was taken. Safe to repeat. */
  async takeOut(): Promise<void> {
    const before = this.#before;
    if (!before) return;
    const there = await this.#exec(['ip', '-n', this.nic, 'link', 'show', 'dev', NIC_CLOUD]);
    // The node's end goes with it, whatever that is called by now.
    await this.#exec(['ip', '-n', this.nic, 'link', 'del', NIC_EDGE]);
    if (there.exitCode === 0) {
      await setFeatures(this.#exec, this.nic, NIC_CLOUD, ['tx', 'on']);
      await ipBatch(this.#exec, this.nic, [
        ['link', 'set', NIC_CLOUD, 'nomaster', 'down'],
        ['link', 'set', NIC_CLOUD, 'address', before.mac],
        ['link', 'set', NIC_CLOUD, 'netns', this.edge, 'name', NODE_INTERFACE],
      ]);
      await this.#address(this.#exec, before);
    }
    await must(this.#exec, ['ip', 'netns', 'delete', this.nic]);
    this.#before = undefined;
  }

  /** Gives the interface that the node has now what the old one had. */
  async #address(exec: Exec, before: Interface): Promise<void> {
    if (before.addresses.some(({ family }) => family === 'inet6')) {
      // A namespace may allow IPv6 on the interfaces that it began with alone.
      const allow = `net.ipv6.conf.${NODE_INTERFACE}.disable_ipv6=0`;
      await must(exec, ['ip', 'netns', 'exec', this.edge, 'sysctl', '--quiet', '--write', allow]);
    }
    await ipBatch(exec, this.edge, addressCommands(before, NODE_INTERFACE));
  }
}
