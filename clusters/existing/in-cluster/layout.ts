/** Where things lie in the harness's pod, for who makes it and for who runs in it. */

/** What came with it, by the keys of ConfigMaps. */
export const CONFIG = '/run/ordeal/config';
export const PROGRAM = '/run/ordeal/program';
/** Its account's token, and who signs for the API server. */
export const ACCOUNT = '/run/ordeal/account';
/** Its own to write to. */
export const WORK = '/work';

export const PLAN_KEY = 'plan.yaml';
export const ALLOWED_KEY = 'allowed-clusters.json';
export const PROGRAM_KEY = 'in-cluster.mjs.br';

/** Made in the pod of where the API server is for pods; has no secret in it. */
export const KUBECONFIG = `${WORK}/kubeconfig`;
export const TOKEN = `${ACCOUNT}/token`;
export const CA = `${ACCOUNT}/ca.crt`;
