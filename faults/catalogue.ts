/** The kinds of faults, for `ordeal fault list`. */
export const CATALOGUE: readonly { kind: string; title: string }[] = [
  { kind: 'gpu/bind-delay', title: 'each association of a GPU with its container takes longer' },
  { kind: 'gpu/plugin-restart', title: 'the device plugin goes away and has to register again' },
  { kind: 'gpu/device-unhealthy', title: 'the driver loses GPUs' },
  { kind: 'load/job-burst', title: 'many Jobs at once' },
];
