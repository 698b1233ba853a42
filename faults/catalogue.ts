/** The kinds of faults, for `ordeal fault kinds`. */
export const CATALOGUE: readonly { kind: string; title: string }[] = [
  { kind: 'gpu/bind-delay', title: 'each association of a GPU with its container takes longer' },
  { kind: 'gpu/plugin-restart', title: 'the device plugin goes away and has to register again' },
  { kind: 'gpu/device-unhealthy', title: 'the driver loses GPUs' },
  { kind: 'gpu/plugin-delay', title: 'a device plugin’s answers to a call come later' },
  { kind: 'gpu/plugin-error', title: 'a call to a device plugin fails' },
  { kind: 'gpu/plugin-hang', title: 'a call to a device plugin is not answered' },
  { kind: 'gpu/plugin-duplicate', title: 'a device plugin gives a container an earlier one’s answer' },
  { kind: 'gpu/plugin-stream-lost', title: 'a device plugin’s ListAndWatch ends, and it goes on serving' },
  { kind: 'network/offload-defect', title: 'a NIC’s TX checksum offload is broken towards the cloud' },
  { kind: 'network/checksum-corruption', title: 'datagrams arrive with a wrong checksum' },
  { kind: 'network/partition', title: 'nothing gets through a link, both ways or one way' },
  { kind: 'network/tunnel-restart', title: 'the edge’s end of the tunnel loses its session' },
  { kind: 'network/nat-rebind', title: 'the NAT in between forgets its mapping' },
  { kind: 'network/mtu-blackhole', title: 'datagrams that are too large vanish' },
  {
    kind: 'network/netem',
    title: 'a bad link: delay, jitter, loss, corruption, duplicates, reordering, rate',
  },
  { kind: 'load/job-burst', title: 'many Jobs at once' },
  { kind: 'network/broker-restart', title: 'the MQTT broker goes away and comes back' },
  {
    kind: 'network/interference',
    title: 'windows of loss, corruption and delay, as rain and machinery make them',
  },
];
