/** How often a container that ends by itself has looked. */
export function looksIn(holdMs: number, intervalMs: number): number {
  return 1 + Math.floor(holdMs / Math.max(1, intervalMs));
}

/**
 * A training container's first act, and then its life: `nvidia-smi -L` at once, and again every interval until the
 * hold is over. One line of JSON for each look; when it looked is the container runtime's stamp on the line. It ends
 * with 0 whatever it saw: the ledger says what that was.
 */
export function probeScript(holdMs: number, intervalMs: number): string {
  return [
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
    `  echo "{\\"ordeal\\":\\"probe\\",\\"n\\":$n,\\"exit\\":$code,\\"usable\\":[\${seen#,}],\\"visible\\":\\"$NVIDIA_VISIBLE_DEVICES\\",\\"allocation\\":\\"$ORDEAL_ALLOCATION\\"}"`,
    '  n=$((n + 1))',
    'done',
  ].join('\n');
}

/** How long the init gate waits from one look to the next. */
export const GATE_MS = 500;

/** The incident's init gate: wait until the GPU is there. */
export const INIT_GATE = `while ! nvidia-smi >/dev/null 2>&1; do sleep ${GATE_MS / 1_000}; done`;
