import type { Clock } from '../../../harness/clock/clock.ts';
import { messageOf } from '../../../harness/errors/error.ts';
import { deafMs, type Hearing, hear } from './judgement.ts';

/** The tunnel as a watchdog gets at it: its own counters, and the one thing that it may do. */
interface WatchedTunnel {
  sample(): Promise<{ handshakeAgeMs: number | null; rxBytes: number; txBytes: number }>;
  restartTunnel(): Promise<void>;
}

export interface WatchdogOptions {
  node: string;
  lookEveryMs: number;
  /** Sent so long without hearing anything: the tunnel is restarted. */
  deafAfterMs: number;
  /** Between a restart and the next one, growing by half with each that did not help, up to the most. */
  backOffMs: number;
  backOffMostMs: number;
}

/** What it tells whoever is on duty. */
export interface Alert {
  node: string;
  /** Wall milliseconds. */
  at: number;
  reason: string;
  /** Which restart in a row this is, from 1. */
  restart: number;
}

export interface WatchdogDeps {
  tunnel: WatchedTunnel;
  /** Each is tried, and none keeps the tunnel from being restarted. */
  alerts: readonly ((alert: Alert) => Promise<void>)[];
  onRestart(alert: Alert): void;
  onTrouble(what: string): void;
  clock: Clock;
}

export interface Watchdog {
  stop(): Promise<void>;
}

const GROWTH = 1.5;

/** Restarts a tunnel that has gone deaf, again and again until it hears, and raises an alert for each. */
export function startWatchdog(options: WatchdogOptions, deps: WatchdogDeps): Watchdog {
  const { clock, tunnel } = deps;
  const ending = new AbortController();
  let hearing: Hearing | undefined;
  let restarts = 0;
  let nextMono = 0;

  const act = async () => {
    const reason = `nothing heard through the tunnel for ${Math.round(deafMs(hearing as Hearing))} ms`;
    restarts += 1;
    const alert: Alert = { node: options.node, at: clock.wall(), reason, restart: restarts };
    await tunnel.restartTunnel();
    deps.onRestart(alert);
    const wait = options.backOffMs * GROWTH ** (restarts - 1);
    nextMono = clock.mono() + Math.min(options.backOffMostMs, wait);
    const outcomes = await Promise.allSettled(deps.alerts.map((raise) => raise(alert)));
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') deps.onTrouble(`no alert: ${messageOf(outcome.reason)}`);
    }
  };
  const look = async () => {
    const sample = await tunnel.sample();
    const before = hearing?.last.rxBytes;
    hearing = hear(hearing, { mono: clock.mono(), ...sample });
    if (before !== undefined && sample.rxBytes > before) restarts = 0;
    if (deafMs(hearing) >= options.deafAfterMs && clock.mono() >= nextMono) await act();
  };
  const loop = (async () => {
    while (!ending.signal.aborted) {
      await look().catch((error: unknown) => deps.onTrouble(messageOf(error)));
      await clock.sleep(options.lookEveryMs, ending.signal).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      ending.abort();
      await loop;
    },
  };
}
