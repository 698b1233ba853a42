/** Messages of the device plugin API v1beta1, of PodResources v1 and of DRA v1, as they cross the wire. */
export interface DevicePluginOptions {
  pre_start_required: boolean;
  get_preferred_allocation_available: boolean;
}

export interface RegisterRequest {
  version: string;
  /** File name of the plugin's socket in the kubelet's folder. */
  endpoint: string;
  resource_name: string;
  options?: DevicePluginOptions | null;
}

export interface Device {
  ID: string;
  health: string;
}

export interface ListAndWatchResponse {
  devices: Device[];
}

interface ContainerPreferredAllocationRequest {
  available_deviceIDs: string[];
  must_include_deviceIDs: string[];
  allocation_size: number;
}

export interface PreferredAllocationRequest {
  container_requests: ContainerPreferredAllocationRequest[];
}

export interface PreferredAllocationResponse {
  container_responses: { deviceIDs: string[] }[];
}

export interface AllocateRequest {
  container_requests: { devices_ids: string[] }[];
}

export interface ContainerAllocateResponse {
  envs?: Record<string, string>;
  mounts?: { container_path: string; host_path: string; read_only: boolean }[];
  devices?: { container_path: string; host_path: string; permissions: string }[];
  annotations?: Record<string, string>;
}

export interface AllocateResponse {
  container_responses: ContainerAllocateResponse[];
}

export interface PreStartContainerRequest {
  devices_ids: string[];
}

export interface ContainerDevices {
  resource_name: string;
  device_ids: string[];
}

export interface PodResources {
  name: string;
  namespace: string;
  containers: { name: string; devices: ContainerDevices[] }[];
}

/** A ResourceClaim, as the kubelet names it to a driver. */
export interface Claim {
  namespace: string;
  uid: string;
  name: string;
}

export interface PreparedDevice {
  request_names: string[];
  pool_name: string;
  device_name: string;
  cdi_device_ids: string[];
}

/** The version that a plugin registers with. */
export const PLUGIN_API_VERSION = 'v1beta1';
export const HEALTHY = 'Healthy';
export const UNHEALTHY = 'Unhealthy';
