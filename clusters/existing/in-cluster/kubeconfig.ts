import { readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { redactor } from '../../../harness/redact/own.ts';
import { readAllowances } from '../allowance.ts';
import { CA, KUBECONFIG, TOKEN } from './layout.ts';

/** In the pod: a kubeconfig of the context that is allowed, by the pod's own account. */
export function writeInnerKubeconfig(env: NodeJS.ProcessEnv): void {
  redactor.learn(readFileSync(TOKEN, 'utf8'));
  for (const { context } of readAllowances())
    writeFileSync(KUBECONFIG, innerKubeconfig(context, env), { mode: 0o600 });
}

/** It names files, and has nothing of what is in them: kubelets renew a token. Pure. */
export function innerKubeconfig(name: string, env: NodeJS.ProcessEnv): string {
  const host = env.KUBERNETES_SERVICE_HOST ?? '';
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${env.KUBERNETES_SERVICE_PORT ?? '443'}`;
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority': CA } }],
    users: [{ name, user: { 'auth-provider': { name: 'tokenFile', config: { tokenFile: TOKEN } } } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  });
}
