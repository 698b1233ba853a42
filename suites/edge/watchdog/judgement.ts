/** WireGuard refuses a session that is older than this (REJECT_AFTER_TIME of its paper). */
const SESSION_MS = 180_000;

/** What a watchdog looks at, of one end of one tunnel. */
export interface TunnelLook {
  /** Monotonic milliseconds of the look. */
  mono: number;
  handshakeAgeMs: number | null;
  rxBytes: number;
  txBytes: number;
}

/** What a watchdog remembers between two looks. */
export interface Hearing {
  /** When the far end was last heard, or hearing it was last not to be expected. */
  heardMono: number;
  last: TunnelLook;
}

/** Takes a look into account: the far end was heard where more was received, or nothing was sent that asks for an answer. */
export function hear(before: Hearing | undefined, look: TunnelLook): Hearing {
  if (!before) return { heardMono: look.mono, last: look };
  const heard = look.rxBytes > before.last.rxBytes;
  const idle = look.txBytes <= before.last.txBytes && fresh(look);
  return { heardMono: heard || idle ? look.mono : before.heardMono, last: look };
}

/** Whether the tunnel has a session that both ends may still use. */
export function fresh({ handshakeAgeMs }: { handshakeAgeMs: number | null }): boolean {
  return handshakeAgeMs !== null && handshakeAgeMs < SESSION_MS;
}

export function deafMs({ heardMono, last }: Hearing): number {
  return last.mono - heardMono;
}
