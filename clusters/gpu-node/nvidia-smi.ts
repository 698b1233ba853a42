/**
 * What Allocate mounts into a container as /usr/bin/nvidia-smi. It lists the devices whose association with this
 * container's allocation stands and that the driver has not lost, which is the truth that a CUDA call would meet.
 * Only the shell's own commands: a probe may call it hundreds of times a second. Exit 6 is NVML's "not found".
 */
export const NVIDIA_SMI = `#!/bin/sh
# The root is the container's: found from this script's own place, which differs where there is no mount namespace.
root="\${0%/usr/bin/nvidia-smi}/run/ordeal-gpu"
usable=''
IFS=,
for uuid in \${NVIDIA_VISIBLE_DEVICES:-}; do
  [ -e "$root/associations/$uuid.\${ORDEAL_ALLOCATION:-none}" ] || continue
  [ -e "$root/lost/$uuid" ] && continue
  usable="$usable,$uuid"
done
if [ -z "$usable" ]; then
  echo 'No devices were found'
  exit 6
fi
index=0
case "\${1:-}" in
  -L | --list-gpus)
    for uuid in \${usable#,}; do
      echo "GPU $index: Ordeal Fake GPU (UUID: $uuid)"
      index=$((index + 1))
    done
    ;;
  --query-gpu=uuid)
    for uuid in \${usable#,}; do echo "$uuid"; done
    ;;
  '')
    echo 'GPU  Name             UUID'
    for uuid in \${usable#,}; do
      echo "$index    Ordeal Fake GPU  $uuid"
      index=$((index + 1))
    done
    ;;
  *)
    echo "Invalid combination of input arguments: $*" >&2
    exit 2
    ;;
esac
`;
