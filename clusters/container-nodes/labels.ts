/** On every container and network of a K3s cluster made here; the value is the cluster's name. */
export const K3S_LABEL = 'dev.ordeal.k3s';
