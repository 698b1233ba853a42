/** An interface as `ip -j` tells of it, and the `ip` commands that make another one like it. */
import { z } from 'zod';

const Address = z.object({
  family: z.enum(['inet', 'inet6']),
  local: z.string(),
  prefixlen: z.int(),
  broadcast: z.string().optional(),
  scope: z.string(),
});

const Link = z.object({
  address: z.string(),
  mtu: z.int(),
  addr_info: z.array(z.looseObject({})),
});

const Route = z.object({
  dst: z.string(),
  gateway: z.string().optional(),
  protocol: z.string().optional(),
  scope: z.string().optional(),
  prefsrc: z.string().optional(),
  metric: z.int().optional(),
  flags: z.array(z.string()).default([]),
});
type Route = z.infer<typeof Route>;

const EVERYWHERE = { inet: '0.0.0.0/0', inet6: '::/0' };

export interface Interface {
  mac: string;
  /** Bytes. */
  mtu: number;
  addresses: z.infer<typeof Address>[];
  /** Those that somebody set; the kernel makes the others from the addresses. */
  routes: (Route & { family: 'inet' | 'inet6' })[];
}

/** Undefined without an IPv4 address: nothing that a tunnel could end at. */
export function ipv4Of({ addresses }: Interface): string | undefined {
  return addresses.find(({ family }) => family === 'inet')?.local;
}

/**
 * @param link of `ip -j address show dev DEVICE`
 * @param routes of `ip -j -4 route show dev DEVICE`, and of the same for -6
 * @throws ZodError, SyntaxError for what is none.
 */
export function interfaceIn(link: string, routes: { inet: string; inet6: string }): Interface {
  const [found] = z.tuple([Link]).parse(jsonIn(link));
  const routesOf = (family: 'inet' | 'inet6') =>
    z
      .array(Route)
      .parse(jsonIn(routes[family]))
      .filter(({ protocol }) => protocol !== 'kernel' && protocol !== 'ra')
      .map((route) => ({ ...route, family }));
  return {
    mac: found.address,
    mtu: found.mtu,
    // An address of the link's own scope comes with the MAC.
    addresses: found.addr_info
      .filter(({ scope }) => scope !== 'link')
      .map((address) => Address.parse(address)),
    routes: [...routesOf('inet'), ...routesOf('inet6')],
  };
}

/** Commands of `ip -batch` that bring a device up with an interface's addresses and routes. */
export function addressCommands({ addresses, routes }: Interface, device: string): string[][] {
  // A gateway has to be within reach before a route can lead over it.
  const nearFirst = [...routes.filter(({ gateway }) => !gateway), ...routes.filter(({ gateway }) => gateway)];
  return [
    ['link', 'set', device, 'up'],
    ...addresses.map((each) => [
      ...['address', 'add', `${each.local}/${each.prefixlen}`],
      ...(each.broadcast ? ['broadcast', each.broadcast] : []),
      ...['scope', each.scope, 'dev', device],
      // Its neighbours know it already: it moves from one interface to another.
      ...(each.family === 'inet6' ? ['nodad'] : []),
    ]),
    ...nearFirst.map((each) => [
      // `default` would be the one of IPv4 wherever the commands are of both families.
      ...['route', 'add', each.dst === 'default' ? EVERYWHERE[each.family] : each.dst],
      ...(each.gateway ? ['via', each.gateway] : []),
      ...['dev', device],
      ...(each.protocol ? ['protocol', each.protocol] : []),
      ...(each.scope ? ['scope', each.scope] : []),
      ...(each.prefsrc ? ['src', each.prefsrc] : []),
      ...(each.metric === undefined ? [] : ['metric', String(each.metric)]),
      ...(each.flags.includes('onlink') ? ['onlink'] : []),
    ]),
  ];
}

/** Another address, of the same machine alone: a bridge takes frames to its ports' own addresses for itself. */
export function otherMac(mac: string): string {
  const [first = '', ...rest] = mac.split(':');
  const octet = (Number.parseInt(first, 16) ^ 0x04) | 0x02;
  return [octet.toString(16).padStart(2, '0'), ...rest].join(':');
}

/** `ip -j` says nothing at all where there is nothing to say. */
function jsonIn(text: string): unknown {
  return text.trim() === '' ? [] : JSON.parse(text);
}
