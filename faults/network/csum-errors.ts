import { snmpFigure } from '../../harness/exec/snmp.ts';
import type { Port } from './lanes.ts';

/** Segments and datagrams that the receivers' kernels dropped for their checksum, over all that those kernels receive. */
export async function csumErrorsAt(receivers: readonly Port[]): Promise<number> {
  let sum = 0;
  for (const { hop } of receivers) {
    const { stdout } = await hop.exec(['cat', '/proc/net/snmp']);
    sum += snmpFigure(stdout, 'Tcp', 'InCsumErrors') + snmpFigure(stdout, 'Udp', 'InCsumErrors');
  }
  return sum;
}
