import { Agent as HttpAgent } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent } from 'node:https';
import {
  type ApiConstructor,
  ApiException,
  type ApiType,
  AppsV1Api,
  BatchV1Api,
  CoreV1Api,
  createConfiguration,
  KubeConfig,
  KubernetesObjectApi,
  type RequestContext,
  type ResponseContext,
  ServerConfiguration,
  VersionApi,
} from '@kubernetes/client-node';
import { systemClock } from '../clock/clock.ts';
import { EXIT, messageOf, OrdealError } from '../errors/error.ts';
import { redactor } from '../redact/own.ts';
import { Patience } from './patience.ts';

/** Typed access to one API server over kept-alive connections. */
export interface Kube {
  config: KubeConfig;
  core: CoreV1Api;
  batch: BatchV1Api;
  apps: AppsV1Api;
  objects: KubernetesObjectApi;
  version: VersionApi;
  /** The agent of every call; watches and logs, which hold a socket each, share it. */
  agent: HttpAgent | HttpsAgent;
  close(): void;
}

/** After which an API server itself gives a call up, unless told (its `--request-timeout`). */
const CALL_MS = 60_000;

/** Who asks no more than whether it is there waits the whole time: a late answer is one, and others have their time again. */
const THERE = '/version';

/**
 * The stock configuration makes a new agent, and so a new socket, for each call: this one keeps its own. And it waits for
 * ever for a server that is cut off: whoever heals would wait with it.
 */
class KeepAliveConfig extends KubeConfig {
  agent: HttpAgent | HttpsAgent | undefined;
  readonly #callMs: number;
  readonly #patience: Patience;

  constructor(callMs: number) {
    super();
    this.#callMs = callMs;
    this.#patience = new Patience(callMs, systemClock);
  }

  override makeApiClient<T extends ApiType>(type: ApiConstructor<T>): T {
    const baseServer = new ServerConfiguration(this.getCurrentCluster()?.server ?? '', {});
    const answered = async (response: ResponseContext) => {
      this.#patience.answered();
      return response;
    };
    const told = { pre: async (context: RequestContext) => context, post: answered };
    return new type(
      createConfiguration({ baseServer, authMethods: { default: this }, promiseMiddleware: [told] }),
    );
  }

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    await super.applySecurityAuthentication(context);
    if (!this.agent) {
      const made = context.getAgent() as { options?: AgentOptions } | undefined;
      const options = { ...made?.options, keepAlive: true };
      const plain = this.getCurrentCluster()?.server.startsWith('http:');
      this.agent = plain ? new HttpAgent(options) : new HttpsAgent(options);
    }
    context.setAgent(this.agent);
    const callMs = this.#patience.begun();
    context.setSignal(AbortSignal.timeout(context.getUrl().endsWith(THERE) ? this.#callMs : callMs));
  }
}

/** Of every user that it names, for whoever is current may change. */
function learnSecrets({ users }: KubeConfig): void {
  for (const { keyData, password, token } of users)
    for (const secret of [keyData, password, token]) redactor.learn(secret);
}

/**
 * Reads a kubeconfig (its current context unless one is named) and answers once the API server does. A call that is not
 * answered within `callMs` fails, or sooner where none before it was answered; watches and logs that are followed are no
 * calls.
 * @throws OrdealError KUBE_UNREACHABLE (exit 4).
 */
export async function connect(kubeconfig: string, context?: string, callMs = CALL_MS): Promise<Kube> {
  const config = new KeepAliveConfig(callMs);
  try {
    config.loadFromFile(kubeconfig);
    if (context !== undefined) config.setCurrentContext(context);
    learnSecrets(config);
    const version = config.makeApiClient(VersionApi);
    await version.getCode();
    return {
      config,
      core: config.makeApiClient(CoreV1Api),
      batch: config.makeApiClient(BatchV1Api),
      apps: config.makeApiClient(AppsV1Api),
      objects: KubernetesObjectApi.makeApiClient(config),
      version,
      agent: config.agent as HttpAgent | HttpsAgent,
      close: () => config.agent?.destroy(),
    };
  } catch (error) {
    throw new OrdealError({
      code: 'KUBE_UNREACHABLE',
      exit: EXIT.unable,
      tried: `reaching the API server of ${kubeconfig}`,
      seen: messageOf(error),
      todo: 'check that the cluster is up and that the kubeconfig names it',
      cause: error,
    });
  }
}

/** The HTTP status of an API failure; undefined for any other error. */
export function apiStatus(error: unknown): number | undefined {
  return error instanceof ApiException ? error.code : undefined;
}
