import type { Given } from '../kubelet-api/checkpoint.ts';
import type { Discovered } from './discover.ts';
import type { Injection } from './injection.ts';

/** What a proxy is to do, and for how long without its harness. */
export interface Wanted {
  /** File name of the socket of the vendor’s plugin. */
  vendor: string;
  injection: Injection;
  /** How long it waits for a sign of life, in ms, and the wall ms at which it ends in any case: of a dead-man at the site. */
  leaseMs: number;
  deadlineWall: number;
}

/** Commands by which whoever is on this machine looks for a proxy, and gives its resource back. */
export interface ProxyCommands {
  /** For people: what they are about. */
  what: string;
  /** Whether they ask somebody elsewhere, whose words may be anything. */
  elsewhere: boolean;
  /** Prints `mark` while one stands in front. */
  look: string[];
  /** The same, and while what one has written is still there. */
  lookForAll: string[];
  mark: string;
  giveBack: string[];
  /** The same, by who needs nothing of what it has written. */
  sweep: string[];
}

/** Where a proxy for one resource of one node stands, or would. */
export interface ProxySite {
  /** The plugin that serves the resource now. @param plugin the file name of its socket, where it is known */
  vendorOf(plugin?: string): Promise<Discovered>;
  /**
   * Puts a proxy in front of the vendor’s plugin, which outlives this process.
   * @throws OrdealError (exit 4); the resource is the vendor’s then.
   */
  start(wanted: Wanted, signal: AbortSignal): Promise<void>;
  /** What the proxy and its keeper wrote since it was asked last, from the latest start on. */
  lines(): Promise<string[]>;
  /** Whether it is written down whom it stands in front of. */
  fronted(): Promise<boolean>;
  /** What the kubelet says that it gave to which pod, of the resource. */
  given(): Promise<Given[]>;
  /** Whether the node is gone, with all that was on it. */
  vanished(): Promise<boolean>;
  /** What was kept to be read, when the proxy is gone. */
  removeFiles(): Promise<void>;
  commands(vendor: string): ProxyCommands;
}
