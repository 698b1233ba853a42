/**
 * What Allocate mounts into a container as /usr/bin/vectorAdd, after the CUDA sample that validations run: it asks a device
 * for work, the first one unless CUDA_VISIBLE_DEVICES names another by its UUID. A device may be listed and do none.
 */
export const VECTOR_ADD = `#!/bin/sh
bin="\${0%/vectorAdd}"
root="\${bin%/usr/bin}/run/ordeal-gpu"
wanted="\${CUDA_VISIBLE_DEVICES:-}"
# Where there is none it says so in words, and fails.
uuids=$("$bin/nvidia-smi" --query-gpu=uuid) || uuids=''
for uuid in $uuids; do
  [ "$uuid" = "\${wanted:-$uuid}" ] || continue
  if [ -e "$root/workless/$uuid" ]; then
    echo "Failed to allocate device vector A (error code unknown error)!" >&2
    exit 1
  fi
  echo 'Test PASSED'
  exit 0
done
echo 'no CUDA-capable device is detected' >&2
exit 1
`;
