import type { Cluster } from '../../clusters/port.ts';
import { declareAccess } from './access-cases.ts';
import { declareAdmission } from './admission-cases.ts';
import { declareAllocation } from './allocation-cases.ts';
import { declareDeployments } from './deployment-cases.ts';
import { declareDevices } from './device-cases.ts';
import { declareJobs } from './job-cases.ts';
import { Lab } from './lab.ts';
import { declareLoss } from './loss-cases.ts';
import { declareObjects } from './object-cases.ts';
import { declarePods } from './pod-cases.ts';
import { declarePreStart } from './prestart-cases.ts';
import { declareProbes } from './probe-cases.ts';
import { declareQuota } from './quota-cases.ts';
import { declareReboot } from './reboot-cases.ts';
import { declareRegistration } from './registration-cases.ts';
import { declareRestart } from './restart-cases.ts';
import { declareWatch } from './watch-cases.ts';

/**
 * Declares what the harness relies on in a kubelet and an API server, as mocha cases over a cluster that is up. The
 * same on every provider: where embedded differs from a real kubelet, embedded is wrong.
 */
export function declareContract(getCluster: () => Cluster): void {
  describe('contract of kubelet and API server', function () {
    this.timeout(300_000);
    let lab: Lab;
    const getLab = () => lab;
    const starts: ((lab: Lab) => Promise<void>)[] = [];
    const early = (start: (lab: Lab) => Promise<void>) => {
      starts.push(start);
    };

    before(async () => {
      lab = await Lab.open(getCluster());
      await Promise.all(starts.map(async (start) => await start(lab)));
    });

    after(async () => {
      await lab?.close();
    });

    declareObjects(getLab);
    declareAccess(getLab);
    declareWatch(getLab, early);
    declareQuota(getLab);
    declareJobs(early);
    declareDeployments(getLab, early);
    declarePods(getLab, early);
    declareProbes(early);
    declareAllocation(getLab, early);
    declareAdmission(getLab, early);
    declareDevices(getLab, early);
    declareRegistration(getLab, early);
    declareLoss(early);
    declarePreStart(getLab, early);
    declareRestart(getLab, early);
    declareReboot(getLab);
  });
}
