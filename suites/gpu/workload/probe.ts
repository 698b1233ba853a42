/** How often a container that ends by itself has looked. */
export function looksIn(holdMs: number, intervalMs: number): number {
  return 1 + Math.floor(holdMs / Math.max(1, intervalMs));
}

/**
 * Where a driver or a runtime puts its library, besides where the loader looks. Not the compatibility libraries of a CUDA
 * toolkit: they are another driver's, and one that does not fit the kernel's finds no device.
 */
const LIBRARIES = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/local/nvidia/lib64',
].map((folder) => `${folder}/libcuda.so.1`);

/**
 * One real call to each GPU, where the container has a CUDA driver library and a Python: a word is written into the
 * device's memory by the device and read back. It prints the bare UUIDs of those that did it, as a JSON array, or null
 * where there is nothing to ask by. One that ends in any other way, as a driver may make it, has shown no device to work.
 * There is no single quote in it: it stands between two.
 */
const DEVICE_CALL = `
try:
    import ctypes, json
except ImportError:
    print("null")
    raise SystemExit
cuda = None
for path in ["libcuda.so.1", ${LIBRARIES.map((path) => JSON.stringify(path)).join(', ')}]:
    try:
        cuda = cuda or ctypes.CDLL(path)
    except OSError:
        pass
if cuda is None:
    print("null")
    raise SystemExit
def call(name, *given):
    code = getattr(cuda, name)(*given)
    if code: raise OSError(code, name)
worked = []
try:
    call("cuInit", 0)
    count = ctypes.c_int()
    call("cuDeviceGetCount", ctypes.byref(count))
except OSError:
    count = ctypes.c_int(0)
for index in range(count.value):
    try:
        device, context = ctypes.c_int(), ctypes.c_void_p()
        uuid, memory, word = ctypes.create_string_buffer(16), ctypes.c_uint64(), ctypes.c_uint32()
        call("cuDeviceGet", ctypes.byref(device), index)
        call("cuDeviceGetUuid_v2", uuid, device)
        call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        call("cuCtxSetCurrent", context)
        call("cuMemAlloc_v2", ctypes.byref(memory), ctypes.c_size_t(4))
        call("cuMemsetD32_v2", memory, ctypes.c_uint(0x5EED), ctypes.c_size_t(1))
        call("cuMemcpyDtoH_v2", ctypes.byref(word), memory, ctypes.c_size_t(4))
        text = uuid.raw.hex()
        if word.value == 0x5EED:
            worked.append("-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]]))
    except OSError:
        pass
print(json.dumps(worked))
`.trim();

/**
 * How many GPUs a framework finds, once, where the image has it: what is left of a start that nvidia-smi and the driver call
 * good is its own build and its libraries. It prints the number, or null without that framework. What a framework writes
 * itself goes to where errors go. One that ends in any other way has found none. No single quote in it either.
 */
const FRAMEWORK_CALL = `
import importlib.util, os, sys
out = os.dup(1)
os.dup2(2, 1)
name, found = sys.argv[1], "null"
if importlib.util.find_spec(name):
    if name == "torch":
        import torch
        found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    else:
        import tensorflow
        found = len(tensorflow.config.list_physical_devices("GPU"))
os.write(out, str(found).encode())
`.trim();

const FRAMEWORKS = ['torch', 'tensorflow'] as const;

/**
 * A training container's first act, and then its life: `nvidia-smi -L` at once, and again every interval until the
 * hold is over; where it can, a real call to the device with it, and after the first look a question to each framework, whose
 * answer stands with all looks from then on. One line of JSON for each look; when it looked is the
 * container runtime's stamp on the line. It ends with 0 whatever it saw: the ledger says what that was.
 */
export function probeScript(holdMs: number, intervalMs: number): string {
  return [
    "python=''",
    // Without a driver's library there is nothing to ask, and a Python costs more than all the rest.
    `for library in ${LIBRARIES.join(' ')}; do [ -e $library ] && python=$(command -v python3); done`,
    '[ -n "$LD_LIBRARY_PATH" ] && python=$(command -v python3)',
    'frameworks=null',
    'n=0',
    `while [ $n -lt ${looksIn(holdMs, intervalMs)} ]; do`,
    `  [ $n -gt 0 ] && sleep ${intervalMs / 1_000}`,
    // The newline in IFS alone: names of GPUs have spaces.
    "  seen=''; said=$(nvidia-smi -L 2>&1); code=$?",
    "  IFS='",
    "'",
    '  for line in $said; do',
    `    case "$line" in *"UUID: "*) uuid=\${line##*UUID: }; seen="$seen,\\"\${uuid%)}\\"" ;; esac`,
    '  done',
    '  unset IFS',
    '  worked=null',
    `  [ -n "$python" ] && worked=$("$python" -c '${DEVICE_CALL}' 2>/dev/null || echo '[]')`,
    `  echo "{\\"ordeal\\":\\"probe\\",\\"n\\":$n,\\"exit\\":$code,\\"usable\\":[\${seen#,}],\\"worked\\":$worked,\\"frameworks\\":$frameworks,\\"visible\\":\\"$NVIDIA_VISIBLE_DEVICES\\",\\"allocation\\":\\"$ORDEAL_ALLOCATION\\"}"`,
    '  if [ -n "$python" ] && [ $n -eq 0 ]; then',
    "    frameworks=''",
    `    for name in ${FRAMEWORKS.join(' ')}; do`,
    `      found=$("$python" -c '${FRAMEWORK_CALL}' $name 2>/dev/null || echo 0)`,
    '      frameworks="$frameworks,\\"$name\\":$found"',
    '    done',
    `    frameworks="{\${frameworks#,}}"`,
    '  fi',
    '  n=$((n + 1))',
    'done',
  ].join('\n');
}

/** How long the init gate waits from one look to the next. */
export const GATE_MS = 500;

/** The incident's init gate: wait until the GPU is there. */
export const INIT_GATE = `while ! nvidia-smi >/dev/null 2>&1; do sleep ${GATE_MS / 1_000}; done`;
