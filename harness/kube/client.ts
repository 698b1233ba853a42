import type {
  AppsV1Api,
  BatchV1Api,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  VersionApi,
} from '@kubernetes/client-node';

/** Typed access to one API server over kept-alive connections. */
export interface Kube {
  config: KubeConfig;
  core: CoreV1Api;
  batch: BatchV1Api;
  apps: AppsV1Api;
  objects: KubernetesObjectApi;
  version: VersionApi;
  close(): void;
}
