import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { Kube } from './client.ts';

/** A GET with the kubeconfig's credentials on the kept agent, whose answer is read as it comes, whatever its status. */
export async function openStream(
  kube: Kube,
  path: string,
  query: Record<string, string>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const server = kube.config.getCurrentCluster()?.server ?? '';
  const url = new URL(`${server}${path}?${new URLSearchParams(query)}`);
  const options: RequestOptions = {};
  await kube.config.applyToHTTPSOptions(options);
  const send = url.protocol === 'http:' ? httpRequest : httpsRequest;
  return await new Promise<IncomingMessage>((resolve, reject) => {
    const call = send(url, { ...options, agent: kube.agent, signal, method: 'GET' }, resolve);
    call.once('error', reject);
    call.end();
  });
}
