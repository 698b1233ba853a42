import type { Plan } from '../../harness/plan/schema.ts';
import type { Ablation } from '../../harness/run/ports.ts';
import type { Verdict } from '../../harness/verdict/verdict.ts';
import { type Remedies, remediesOf, resolve, SUITE } from './settings.ts';

/** Each remedy alone, all together, and all but one. */
export function variantsOf(): [name: string, remedies: Remedies][] {
  const none = remediesOf('incident');
  const all = remediesOf('hardened');
  const names: Record<keyof Remedies, string> = {
    offloadOff: 'offload off',
    keepalive: `keepalive of ${all.keepalive} s`,
    probes: 'probes',
    watchdog: 'watchdog',
    offlineStore: `offline store of ${all.offlineStore}`,
  };
  const switches = Object.entries(names) as [keyof Remedies, string][];
  return [
    ['none (the incident)', none],
    ...switches.map(([key, name]): [string, Remedies] => [name, { ...none, [key]: all[key] }]),
    ['all (hardened)', all],
    ...switches.map(([key, name]): [string, Remedies] => [`all but ${name}`, { ...all, [key]: none[key] }]),
  ];
}

/** A requirement's figure and verdict. */
function judged(id: string) {
  return (_history: unknown, { requirements }: Verdict): string => {
    const found = requirements.find((requirement) => requirement.id === id);
    if (!found || found.measured === null) return '–';
    const { comparison, measured, threshold, unit } = found;
    const met = comparison === '<=' ? measured <= threshold : measured >= threshold;
    // Of one variant the figure is what counts: it has no sample size to be certified by.
    return `${Number(measured.toPrecision(3))} ${unit}${met ? '' : ' ✗'}`;
  };
}

export const ablation: Ablation = {
  variants: (plan: Plan) =>
    variantsOf().map(([name, remedies]) => ({
      name,
      plan: resolve({
        ...plan,
        profile: 'incident',
        suites: plan.suites.map((part) => (part.name === SUITE ? { ...part, remedies } : part)),
      }),
    })),
  columns: [
    { title: 'longest disconnect', cell: judged('EDGE-1') },
    { title: 'messages lost', cell: judged('EDGE-2') },
    { title: 'noticed within', cell: judged('EDGE-3') },
    { title: 'tunnel back within', cell: judged('EDGE-4') },
    { title: 'disconnects an hour', cell: judged('EDGE-6') },
  ],
};
