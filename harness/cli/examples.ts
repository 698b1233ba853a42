/** What `--help` of a command shows it by; a test gives each to the command line. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  run: [
    'ordeal run',
    'ordeal run --suite gpu --profile hardened --level smoke',
    'ordeal run --plan plan.yaml --set cluster.workers=2 --out out/hardened',
    'ordeal run --scenario G4 --scenario G7 --cluster kind --workers 1',
    'ordeal run --plan plan.yaml --dry-run',
  ],
  scenarios: ['ordeal scenarios', 'ordeal scenarios --json'],
  ablate: ['ordeal ablate --suite gpu', 'ordeal ablate --suite edge --isolation netns --only watchdog'],
  simulate: [
    'ordeal simulate --nodes 5 --days 360',
    'ordeal simulate --set defect.match=handshake --only incident --json',
  ],
  report: ['ordeal report out/hardened', 'ordeal report out/hardened --allure-history out/allure-history'],
  gate: [
    'ordeal gate out --policy gate.yaml',
    'ordeal gate out --policy gate.yaml --json',
    'ordeal gate --schema',
  ],
  certify: [
    'ordeal certify --baseline kind@1.27.3 --candidate kind@1.34.4 --suite gpu --repeat 6',
    'ordeal certify --baseline out/hardened --candidate embedded --margin GPU-4=50',
  ],
  attest: ['ordeal attest out/hardened --key key.pem', 'ordeal attest out/hardened --predicate'],
  verify: ['ordeal verify out/hardened --key pub.pem'],
  doctor: ['ordeal doctor', 'ordeal doctor --context staging --image registry.example/ordeal-workload:1'],
  allow: ['ordeal allow --context staging'],
  up: ['ordeal up --cluster kind --kubernetes 1.34.4 --workers 2'],
  down: ['ordeal down'],
  clean: ['ordeal clean'],
  completion: [
    'source <(ordeal completion bash)',
    'ordeal completion zsh >> ~/.zshrc',
    'ordeal completion fish > ~/.config/fish/completions/ordeal.fish',
  ],
  'plan init': ['ordeal plan init', 'ordeal plan init --suite gpu --level release --out plan.yaml'],
  'plan validate': ['ordeal plan validate plan.yaml'],
  'plan explain': ['ordeal plan explain plan.yaml'],
  'plan schema': ['ordeal plan schema > plan.schema.json'],
  'images build': [
    'ordeal images build --kubernetes 1.34.4',
    'ordeal images build --cluster k3s --source local',
  ],
  'images list': ['ordeal images list'],
  'fault kinds': ['ordeal fault kinds'],
  'fault inject': [
    'ordeal fault inject gpu/device-unhealthy --target ordeal-worker --with devices=[0,1] --ttl 2m',
    'ordeal fault inject gpu/plugin-restart --cluster kind --target ordeal-worker --with down=2s --ttl 60s',
  ],
  'fault list': ['ordeal fault list'],
  'fault heal': ['ordeal fault heal', 'ordeal fault heal plugin-restart-1'],
};
