/** Factors of a Kubernetes quantity's suffix. */
const FACTORS: Record<string, number> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** A quantity (`500m`, `64Gi`, `8`) as a number of its base unit. @throws RangeError where it is none. */
export function parseQuantity(quantity: string | number): number {
  const [, figure, suffix] = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([A-Za-z]*)$/.exec(String(quantity)) ?? [];
  const factor = FACTORS[suffix ?? ''];
  if (figure === undefined || factor === undefined || Number.isNaN(Number(figure))) {
    throw new RangeError(`${quantity} is no quantity`);
  }
  return Number(figure) * factor;
}

export type Amounts = Map<string, number>;

/** Adds quantities by resource name. */
export function addQuantities(amounts: Amounts, quantities: Record<string, string | number> = {}): Amounts {
  for (const [resource, quantity] of Object.entries(quantities)) {
    amounts.set(resource, (amounts.get(resource) ?? 0) + parseQuantity(quantity));
  }
  return amounts;
}

/** A resource of a domain of its own (`nvidia.com/gpu`), which devices or nodes advertise. */
export function isExtended(resource: string): boolean {
  return resource.includes('/') && !/(^|\.)kubernetes\.io\//.test(resource);
}
