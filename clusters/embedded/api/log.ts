import type { ServerResponse } from 'node:http';
import { initContainers, mainContainers } from '../pod.ts';
import { type KubeObject, StatusError } from '../store.ts';
import type { Backend } from './resources.ts';

/** Streams a container's log as `pods/log` does. @throws StatusError 400 where there is none to read. */
export async function streamLog(
  response: ServerResponse,
  pod: KubeObject,
  query: URLSearchParams,
  { kubelet }: Backend,
): Promise<void> {
  const { namespace, name } = pod.metadata;
  const names = mainContainers(pod).map((container) => container.name);
  const container = query.get('container') ?? names[0];
  if (query.get('container') === null && names.length > 1) {
    throw new StatusError(
      400,
      'BadRequest',
      `a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`,
    );
  }
  if (![...initContainers(pod), ...mainContainers(pod)].some((spec) => spec.name === container)) {
    throw new StatusError(400, 'BadRequest', `container ${container} is not valid for pod ${name}`);
  }
  const port = pod.spec?.nodeName ? kubelet(pod.spec.nodeName) : undefined;
  if (!port) throw new StatusError(400, 'BadRequest', `pod ${name} does not have a host assigned`);
  const ending = new AbortController();
  response.on('close', () => ending.abort());
  const figure = (parameter: string) =>
    query.get(parameter) === null ? {} : { [parameter]: Number(query.get(parameter)) };
  const lines = port.logs(namespace as string, name, {
    container: container as string,
    previous: query.get('previous') === 'true',
    follow: query.get('follow') === 'true',
    ...figure('tailLines'),
    ...figure('sinceSeconds'),
    ...(query.get('sinceTime') !== null && { sinceTime: query.get('sinceTime') as string }),
    signal: ending.signal,
  });
  const stamped = query.get('timestamps') === 'true';
  // The first line decides: until then a failure can still be told as a status.
  for await (const { time, line } of lines) {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/plain' });
    response.write(stamped ? `${time} ${line}\n` : `${line}\n`);
  }
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/plain' });
  response.end();
}
