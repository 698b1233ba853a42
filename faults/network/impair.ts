import type { EdgeLink, KernelPath } from '../../clusters/network/port.ts';
import { classicBpf } from './mechanisms/classic-bpf.ts';
import { kernelMechanism, type Mechanism } from './mechanisms/mechanism.ts';
import { netem } from './mechanisms/netem.ts';
import { nftables } from './mechanisms/nftables.ts';
import { relay } from './mechanisms/relay.ts';
import { shaper } from './mechanisms/shaper.ts';
import type { ImpairmentSpec } from './spec.ts';

/** The mechanisms that can do this to datagrams, in order: tc netem, nftables, classic BPF, a relay. */
export function impairing(link: EdgeLink, id: string, spec: ImpairmentSpec): Mechanism[] {
  const { path } = link;
  return path.kind === 'relay' ? [relay(path, id, spec)] : byKernel(path, spec);
}

function byKernel(path: KernelPath, spec: ImpairmentSpec): Mechanism[] {
  const slowed = spec.rateKbit > 0 ? [shaper(path, spec)] : [];
  const delayed = spec.delayMs > 0 || spec.jitterMs > 0 || spec.reorder > 0;
  const dropped = spec.loss > 0 || spec.corrupt > 0 || spec.maxBytes > 0;
  const mechanisms: Mechanism[] = [];
  if (spec.maxBytes === 0) mechanisms.push(kernelMechanism([netem(path, spec)]));
  // Only netem makes a datagram wait its time.
  if (delayed) return mechanisms;
  if (dropped || spec.duplicate > 0) mechanisms.push(kernelMechanism([nftables(path, spec), ...slowed]));
  else mechanisms.push(kernelMechanism(slowed));
  if (dropped && spec.duplicate === 0) {
    mechanisms.push(kernelMechanism([classicBpf(path, spec), ...slowed]));
  }
  return mechanisms;
}
