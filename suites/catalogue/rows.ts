/** The failures that happen, a row each: what is known of them, and what of the harness holds them. */
import type { Capability } from '../../clusters/port.ts';

export interface Row {
  id: string;
  title: string;
  /** In a line: what goes wrong, and how it is brought about. */
  mechanics: string;
  /** Issues and changes upstream, `owner/name#number`; empty where it is no one's report but an inference. */
  references: readonly string[];
  /** Versions in which it was seen, as far as is known. */
  affected: string;
  needs: readonly Capability[];
  /** What has to hold all the same. */
  invariant: string;
  heldBy:
    | { by: 'scenario' }
    /** A suite whose requirements hold it already. */
    | { by: 'suite'; suite: string; requirements: readonly string[] }
    /** Every run of every suite does, and tests show it. */
    | { by: 'engine'; tests: readonly string[] };
}

const scenario = { by: 'scenario' } as const;
const sockets = ['plugin-sockets'] as const;
const restarts = ['plugin-sockets', 'restart-kubelet'] as const;
const power = ['plugin-sockets', 'power-cycle'] as const;
const claims = ['plugin-sockets', 'resource-claims'] as const;
const kubernetes = (...numbers: number[]) => numbers.map((number) => `kubernetes/kubernetes#${number}`);

export const ROWS: readonly Row[] = [
  {
    id: 'G0',
    title: 'bind after allocate',
    mechanics: 'the driver associates one GPU at a time, behind the kubelet’s allocation: a burst of Jobs',
    references: [],
    affected: '1.27.3 with the GPU Operator 23.9.0',
    needs: [],
    invariant: 'a started main container can use every device that it was given',
    heldBy: { by: 'suite', suite: 'gpu', requirements: ['GPU-1', 'GPU-4'] },
  },
  {
    id: 'G1',
    title: 'Allocate hangs',
    mechanics: 'Allocate is never answered, and admission is single-threaded: a CPU-only pod comes behind it',
    references: kubernetes(129249, 117435, 130855),
    affected: 'every version',
    needs: sockets,
    invariant: 'a CPU-only pod of the node starts all the same, and everything recovers',
    heldBy: scenario,
  },
  {
    id: 'G2',
    title: 'reservation dropped',
    mechanics: 'the kubelet rebuilds what is allocated while an Allocate is under way',
    references: kubernetes(137534),
    affected: '1.27.3; seen by the suite gpu',
    needs: sockets,
    invariant: 'no device is in two containers that live',
    heldBy: { by: 'suite', suite: 'gpu', requirements: ['GPU-2'] },
  },
  {
    id: 'G3',
    title: 'Allocate panics',
    mechanics: 'a burst of pods races a restart of the plugin',
    references: kubernetes(130050, 119560, 136021, 102517),
    affected: '1.35.0 and others',
    needs: sockets,
    invariant: 'the kubelet’s process lives on',
    heldBy: scenario,
  },
  {
    id: 'G4',
    title: 'kubelet restart, registration withheld',
    mechanics:
      'the kubelet restarts, and the plugin registers late: running pods are admitted without devices',
    references: kubernetes(118559, 118635, 124345, 138446, 133382),
    affected: '1.27.2 to 1.27.5, and some of 1.25 and 1.26',
    needs: restarts,
    invariant: 'the same pods with the same containers, running throughout',
    heldBy: scenario,
  },
  {
    id: 'G5',
    title: 'node reboot, registration gated',
    mechanics: 'the node reboots, and pods come before the plugin does',
    references: kubernetes(125579, 128043, 109595, 116376, 67107),
    affected: 'not known',
    needs: power,
    invariant: 'never running without its device; the replacement runs',
    heldBy: scenario,
  },
  {
    id: 'G6',
    title: 'checkpoint lost',
    mechanics: 'the kubelet’s checkpoint is gone after a reboot, and the plugin has not registered',
    references: kubernetes(116125),
    affected: 'not known',
    needs: power,
    invariant: 'a running pod’s probe passes',
    heldBy: scenario,
  },
  {
    id: 'G7',
    title: 'late disconnect',
    mechanics:
      'an old instance of the plugin ends after its successor has registered, and takes the devices along',
    references: kubernetes(121994, 127803, 135437, 62773),
    affected: '1.34.4 and before',
    needs: sockets,
    invariant: 'all devices are allocatable within 30 s, and stay so',
    heldBy: scenario,
  },
  {
    id: 'G8',
    title: 'socket race',
    mechanics: 'the plugin starts before kubelet.sock is there',
    references: ['bottlerocket-os/bottlerocket#4250'],
    affected: 'a plugin’s matter',
    needs: sockets,
    invariant: 'one live stream, and all devices are allocatable within 30 s',
    heldBy: scenario,
  },
  {
    id: 'G9',
    title: 'stream death',
    mechanics: 'ListAndWatch ends, and the plugin goes on serving',
    references: kubernetes(125501),
    affected: 'a plugin’s matter',
    needs: sockets,
    invariant: 'the plugin registers again: all devices are allocatable within 30 s',
    heldBy: scenario,
  },
  {
    id: 'G10',
    title: 'preferred allocation fails half way',
    mechanics:
      'the second GetPreferredAllocation of a pod fails, and the first container’s devices stay taken',
    references: kubernetes(130145, 130172),
    affected: 'not known',
    needs: sockets,
    invariant: 'after the pod’s end another one gets all devices',
    heldBy: scenario,
  },
  {
    id: 'G11',
    title: 'lost GPU poisons the node',
    mechanics:
      'a device is lost and advertised healthy: every pod that gets it fails, and its replacement gets it',
    references: ['NVIDIA/k8s-device-plugin#231', ...kubernetes(97131)],
    affected: 'a plugin’s matter',
    needs: sockets,
    invariant: 'the other devices are usable, and failed pods are bounded',
    heldBy: scenario,
  },
  {
    id: 'G12',
    title: 'devices lost while in use',
    mechanics:
      'the container runtime takes a running container’s devices away, as systemd’s daemon-reload does',
    references: ['NVIDIA/nvidia-container-toolkit#48', ...kubernetes(77073), 'NVIDIA/k8s-device-plugin#145'],
    affected: 'a runtime’s matter',
    needs: sockets,
    invariant: 'the probe passes all the time, not at the start alone',
    heldBy: scenario,
  },
  {
    id: 'G13',
    title: 'finished pods across a kubelet restart',
    mechanics: 'a pod has succeeded, the kubelet restarts without its plugin, and admits the pod anew',
    references: kubernetes(117955, 119423, 132020),
    affected: 'not known; PodResources before 1.34',
    needs: restarts,
    invariant: 'it stays succeeded; from 1.34 PodResources does not list it',
    heldBy: scenario,
  },
  {
    id: 'G14',
    title: 'ID churn',
    mechanics: 'a plugin draws new device IDs at each start, and a container restarts',
    references: [],
    affected: 'an inference, not a report',
    needs: sockets,
    invariant: 'the assignment stays, or fails by name',
    heldBy: scenario,
  },
  {
    id: 'G15',
    title: 'DRA double allocation',
    mechanics: 'a burst of ResourceClaims',
    references: kubernetes(136269),
    affected: '1.32 to 1.35',
    needs: claims,
    invariant: 'no device is in two allocations, and none is given before it is usable',
    heldBy: scenario,
  },
  {
    id: 'G16',
    title: 'false ready',
    mechanics: 'validation looks at capacity, not at work: the uvm device nodes are missing',
    references: ['NVIDIA/gpu-operator#2685', 'NVIDIA/gpu-operator#475', 'NVIDIA/gpu-operator#615'],
    affected: 'an operator’s matter',
    needs: sockets,
    invariant: 'the gate asks for work on every GPU',
    heldBy: scenario,
  },
  {
    id: 'N0',
    title: 'checksum offload',
    mechanics:
      'a NIC’s TX checksum offload half-makes checksums, and the far end drops the tunnel’s handshakes',
    references: [],
    affected: 'K3s 1.27.4 on such NICs',
    needs: [],
    invariant: 'no disconnect of 10 s, less than 0.1 % lost',
    heldBy: { by: 'suite', suite: 'edge', requirements: ['EDGE-1', 'EDGE-2'] },
  },
  {
    id: 'N1',
    title: 'vxlan checksum',
    mechanics: 'a stale outer checksum of vxlan',
    references: [
      'flannel-io/flannel#1279',
      'flannel-io/flannel#2152',
      'k3s-io/k3s#2013',
      ...kubernetes(89622),
    ],
    affected: 'kernels’ matter',
    needs: [],
    invariant: 'no disconnect of 10 s; the kernel’s counter rises',
    heldBy: scenario,
  },
  {
    id: 'N2',
    title: 'tunnel drift and restart',
    mechanics: 'a NAT remaps the tunnel, or an end of it restarts',
    references: ['flannel-io/flannel#1770', 'k3s-io/k3s#5216', 'k3s-io/k3s#13388'],
    affected: 'not known',
    needs: [],
    invariant: 'no disconnect of 10 s',
    heldBy: { by: 'suite', suite: 'edge', requirements: ['EDGE-1'] },
  },
  {
    id: 'N3',
    title: 'MQTT resume',
    mechanics: 'the broker restarts under clients with bounded queues',
    references: ['eclipse/paho.mqtt.c#1210', 'eclipse/mosquitto#1734', 'eclipse/mosquitto#3074'],
    affected: 'not known',
    needs: [],
    invariant: 'less than 0.1 % of what was published is lost',
    heldBy: { by: 'suite', suite: 'edge', requirements: ['EDGE-2'] },
  },
  {
    id: 'N4',
    title: 'a fault that does nothing',
    mechanics: 'a kernel without netem, and hardly an error',
    references: ['chaos-mesh/chaos-mesh#1389', 'kubernetes/minikube#6033'],
    affected: 'other chaos tools',
    needs: [],
    invariant: 'another mechanism, or inconclusive: never a pass',
    heldBy: {
      by: 'engine',
      tests: [
        'faults/network/faults.netns.test.ts',
        'faults/wrapper.test.ts',
        'harness/verdict/judge.test.ts',
      ],
    },
  },
];

/** @throws RangeError for an id that the catalogue has not. */
export function rowOf(id: string): Row {
  const row = ROWS.find((each) => each.id === id);
  if (!row) throw new RangeError(`the catalogue has no row ${id}`);
  return row;
}

/** What holds a row, in a line. */
export function holderLine({ heldBy }: Pick<Row, 'heldBy'>): string {
  if (heldBy.by === 'scenario') return 'built';
  if (heldBy.by === 'suite') return `suite ${heldBy.suite}: ${heldBy.requirements.join(', ')}`;
  return `every run: ${heldBy.tests.join(', ')}`;
}
