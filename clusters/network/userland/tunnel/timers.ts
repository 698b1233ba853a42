/** WireGuard's constants, in milliseconds: whitepaper §6.1. */
export const REKEY_AFTER_TIME = 120_000;
export const REJECT_AFTER_TIME = 180_000;
export const REKEY_ATTEMPT_TIME = 90_000;
export const REKEY_TIMEOUT = 5_000;
export const KEEPALIVE_TIMEOUT = 10_000;
/** The most that is added to a timeout at random, so that two ends do not keep initiating at once (§6.4). */
export const MAX_JITTER = 333;
/** After so long without a new session all keys are erased (§6.3). */
export const ERASE_AFTER_TIME = 3 * REJECT_AFTER_TIME;
/** Packets that wait for a session; the oldest gives way. The Linux implementation's figure. */
export const MAX_STAGED = 128;
