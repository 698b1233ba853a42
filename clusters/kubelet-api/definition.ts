import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { fromJSON, type MessageTypeDefinition } from '@grpc/proto-loader';

/**
 * The kubelet's node-local APIs: device plugin v1beta1, PodResources v1, plugin registration and DRA v1. Names and field numbers are those of
 * k8s.io/kubelet; they are data here, so that a bundle of the node agent needs no .proto file beside it.
 */
type Field = [id: number, type: string, rule?: 'repeated'];

function message(fields: Record<string, Field> = {}) {
  return {
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, [id, type, rule]]) => {
        const [, key, value] = /^map<(\w+),(\w+)>$/.exec(type) ?? [];
        return [name, key && value ? { id, keyType: key, type: value } : { id, type, ...(rule && { rule }) }];
      }),
    ),
  };
}

function service(methods: Record<string, [request: string, response: string, stream?: 'stream']>) {
  return {
    methods: Object.fromEntries(
      Object.entries(methods).map(([name, [requestType, responseType, stream]]) => [
        name,
        { requestType, responseType, ...(stream && { responseStream: true }) },
      ]),
    ),
  };
}

const topology = {
  TopologyInfo: message({ nodes: [1, 'NUMANode', 'repeated'] }),
  NUMANode: message({ ID: [1, 'int64'] }),
};

const v1beta1 = {
  ...topology,
  Registration: service({ Register: ['RegisterRequest', 'Empty'] }),
  DevicePlugin: service({
    GetDevicePluginOptions: ['Empty', 'DevicePluginOptions'],
    ListAndWatch: ['Empty', 'ListAndWatchResponse', 'stream'],
    GetPreferredAllocation: ['PreferredAllocationRequest', 'PreferredAllocationResponse'],
    Allocate: ['AllocateRequest', 'AllocateResponse'],
    PreStartContainer: ['PreStartContainerRequest', 'PreStartContainerResponse'],
  }),
  Empty: message(),
  DevicePluginOptions: message({
    pre_start_required: [1, 'bool'],
    get_preferred_allocation_available: [2, 'bool'],
  }),
  RegisterRequest: message({
    version: [1, 'string'],
    endpoint: [2, 'string'],
    resource_name: [3, 'string'],
    options: [4, 'DevicePluginOptions'],
  }),
  ListAndWatchResponse: message({ devices: [1, 'Device', 'repeated'] }),
  Device: message({ ID: [1, 'string'], health: [2, 'string'], topology: [3, 'TopologyInfo'] }),
  PreferredAllocationRequest: message({
    container_requests: [1, 'ContainerPreferredAllocationRequest', 'repeated'],
  }),
  ContainerPreferredAllocationRequest: message({
    available_deviceIDs: [1, 'string', 'repeated'],
    must_include_deviceIDs: [2, 'string', 'repeated'],
    allocation_size: [3, 'int32'],
  }),
  PreferredAllocationResponse: message({
    container_responses: [1, 'ContainerPreferredAllocationResponse', 'repeated'],
  }),
  ContainerPreferredAllocationResponse: message({ deviceIDs: [1, 'string', 'repeated'] }),
  AllocateRequest: message({ container_requests: [1, 'ContainerAllocateRequest', 'repeated'] }),
  ContainerAllocateRequest: message({ devices_ids: [1, 'string', 'repeated'] }),
  AllocateResponse: message({ container_responses: [1, 'ContainerAllocateResponse', 'repeated'] }),
  ContainerAllocateResponse: message({
    envs: [1, 'map<string,string>'],
    mounts: [2, 'Mount', 'repeated'],
    devices: [3, 'DeviceSpec', 'repeated'],
    annotations: [4, 'map<string,string>'],
    cdi_devices: [5, 'CDIDevice', 'repeated'],
  }),
  CDIDevice: message({ name: [1, 'string'] }),
  Mount: message({ container_path: [1, 'string'], host_path: [2, 'string'], read_only: [3, 'bool'] }),
  DeviceSpec: message({
    container_path: [1, 'string'],
    host_path: [2, 'string'],
    permissions: [3, 'string'],
  }),
  PreStartContainerRequest: message({ devices_ids: [1, 'string', 'repeated'] }),
  PreStartContainerResponse: message(),
};

const v1 = {
  ...topology,
  PodResourcesLister: service({
    List: ['ListPodResourcesRequest', 'ListPodResourcesResponse'],
    GetAllocatableResources: ['AllocatableResourcesRequest', 'AllocatableResourcesResponse'],
    Get: ['GetPodResourcesRequest', 'GetPodResourcesResponse'],
  }),
  ListPodResourcesRequest: message(),
  ListPodResourcesResponse: message({ pod_resources: [1, 'PodResources', 'repeated'] }),
  AllocatableResourcesRequest: message(),
  AllocatableResourcesResponse: message({
    devices: [1, 'ContainerDevices', 'repeated'],
    cpu_ids: [2, 'int64', 'repeated'],
    memory: [3, 'ContainerMemory', 'repeated'],
  }),
  GetPodResourcesRequest: message({ pod_name: [1, 'string'], pod_namespace: [2, 'string'] }),
  GetPodResourcesResponse: message({ pod_resources: [1, 'PodResources'] }),
  PodResources: message({
    name: [1, 'string'],
    namespace: [2, 'string'],
    containers: [3, 'ContainerResources', 'repeated'],
  }),
  ContainerResources: message({
    name: [1, 'string'],
    devices: [2, 'ContainerDevices', 'repeated'],
    cpu_ids: [3, 'int64', 'repeated'],
    memory: [4, 'ContainerMemory', 'repeated'],
  }),
  ContainerDevices: message({
    resource_name: [1, 'string'],
    device_ids: [2, 'string', 'repeated'],
    topology: [3, 'TopologyInfo'],
  }),
  ContainerMemory: message({
    memory_type: [1, 'string'],
    size: [2, 'uint64'],
    topology: [3, 'TopologyInfo'],
  }),
};

/** How the kubelet finds plugins by their sockets; its package has no version in its name. */
const pluginregistration = {
  Registration: service({
    GetInfo: ['InfoRequest', 'PluginInfo'],
    NotifyRegistrationStatus: ['RegistrationStatus', 'RegistrationStatusResponse'],
  }),
  InfoRequest: message(),
  PluginInfo: message({
    type: [1, 'string'],
    name: [2, 'string'],
    endpoint: [3, 'string'],
    supported_versions: [4, 'string', 'repeated'],
  }),
  RegistrationStatus: message({ plugin_registered: [1, 'bool'], error: [2, 'string'] }),
  RegistrationStatusResponse: message(),
};

/** Dynamic resource allocation, by the kubelet's package of it: k8s.io.kubelet.pkg.apis.dra.v1. */
const dra = {
  DRAPlugin: service({
    NodePrepareResources: ['NodePrepareResourcesRequest', 'NodePrepareResourcesResponse'],
    NodeUnprepareResources: ['NodeUnprepareResourcesRequest', 'NodeUnprepareResourcesResponse'],
  }),
  Claim: message({ namespace: [1, 'string'], uid: [2, 'string'], name: [3, 'string'] }),
  NodePrepareResourcesRequest: message({ claims: [1, 'Claim', 'repeated'] }),
  NodePrepareResourcesResponse: message({ claims: [1, 'map<string,NodePrepareResourceResponse>'] }),
  NodePrepareResourceResponse: message({ devices: [1, 'Device', 'repeated'], error: [2, 'string'] }),
  Device: message({
    request_names: [1, 'string', 'repeated'],
    pool_name: [2, 'string'],
    device_name: [3, 'string'],
    cdi_device_ids: [4, 'string', 'repeated'],
  }),
  NodeUnprepareResourcesRequest: message({ claims: [1, 'Claim', 'repeated'] }),
  NodeUnprepareResourcesResponse: message({ claims: [1, 'map<string,NodeUnprepareResourceResponse>'] }),
  NodeUnprepareResourceResponse: message({ error: [1, 'string'] }),
};

/** A package by its whole name. */
function nested(name: string, types: object): object {
  return name.split('.').reduceRight((inner, part) => ({ [part]: { nested: inner } }), types);
}

const DRA = 'k8s.io.kubelet.pkg.apis.dra.v1';

const packages = loadPackageDefinition(
  fromJSON(
    {
      nested: {
        v1beta1: { nested: v1beta1 },
        v1: { nested: v1 },
        pluginregistration: { nested: pluginregistration },
        ...nested(DRA, dra),
      },
    } as Parameters<typeof fromJSON>[0],
    { keepCase: true, defaults: true, arrays: true, objects: true, longs: Number },
  ),
);

/** One container’s answer to Allocate as bytes: how the kubelet keeps it in its checkpoint. */
export const containerAllocateResponse = (packages.v1beta1 as GrpcObject)
  .ContainerAllocateResponse as MessageTypeDefinition<object, object>;

function client(space: string, name: string): ServiceClientConstructor {
  const inside = space.split('.').reduce((outer, part) => outer[part] as GrpcObject, packages);
  return inside[name] as ServiceClientConstructor;
}

export const RegistrationClient = client('v1beta1', 'Registration');
export const DevicePluginClient = client('v1beta1', 'DevicePlugin');
export const PodResourcesClient = client('v1', 'PodResourcesLister');
export const PluginWatcherClient = client('pluginregistration', 'Registration');
export const DraPluginClient = client(DRA, 'DRAPlugin');
