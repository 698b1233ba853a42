/**
 * The last command of a container whose output is read: a container's output is lost where it ended before its runtime had
 * opened it (so it looks, in one of 48 runs with containerd 1.6.20, on a busy machine), so that it stays for a moment behind
 * its word.
 */
export const TO_BE_HEARD = 'sleep 0.5';
