/** A figure of a /proc/net/snmp, which has a line of names and one of figures for each group; 0 where it has none. */
export function snmpFigure(text: string, group: string, name: string): number {
  const [names, figures] = text
    .split('\n')
    .filter((line) => line.startsWith(`${group}: `))
    .map((line) => line.split(' '));
  return Number(figures?.[names?.indexOf(name) ?? -1] ?? 0);
}
