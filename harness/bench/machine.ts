import { availableParallelism, cpus, loadavg, release, type } from 'node:os';

/** What figures are worth nothing without: `2 × AMD EPYC, Linux 6.18, Node v22.1.0`. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${availableParallelism()} × ${model}, ${type()} ${release()}, Node ${process.version}`;
}

/** Processes that ran or waited to, on average over the last minute: `0.42`. */
export function load(): string {
  return (loadavg()[0] ?? 0).toFixed(2);
}
