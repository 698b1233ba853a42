import { Argument, Command, CommanderError, Option } from 'commander';
import { EXIT, type ExitCode } from '../errors/error.ts';
import { preload } from '../modules/preload.ts';
import type { AttestOptions } from './attest.ts';
import type { CertifyOptions } from './certify.ts';
import type { DoctorOptions } from './clusters.ts';
import { completion, SHELLS, type Shell } from './completion.ts';
import { EXAMPLES } from './examples.ts';
import { tellFailure } from './failure.ts';
import type { InjectOptions } from './faults.ts';
import type { GateOptions } from './gate.ts';
import type { RunOptions } from './options.ts';
import type { ImageOptions, Parts } from './parts.ts';
import type { PlanInitOptions } from './plan-init.ts';
import type { ReportOptions } from './report.ts';
import type { SimulateOptions } from './simulate.ts';

const collect = (value: string, before: string[]) => [...before, value];

function profileOption(): Option {
  return new Option('--profile <name>', 'incident, hardened or as-is').choices([
    'incident',
    'hardened',
    'as-is',
  ]);
}

function quietOption(): Option {
  return new Option('-q, --quiet', 'no progress').default(false);
}

function withClusterOptions(command: Command): Command {
  return command
    .option('--cluster <provider>', 'embedded, kind, k3s or existing')
    .option('--context <name>', 'of a kubeconfig: someone’s cluster, for --cluster existing')
    .option('--kubeconfig <file>', 'the file that has the context, where kubectl would not find it')
    .option('--kubernetes <version>', 'Kubernetes of the cluster, such as 1.34.4')
    .option('--workers <count>', 'worker nodes')
    .option('--set <path=value>', 'sets a field of the plan, such as cluster.startLatency=2s', collect, [])
    .hook('preAction', () => preload('execa', 'listr2', 'pino', 'yaml', 'zod'));
}

/** What a plan says, as options. */
function withPlanOptions(command: Command): Command {
  return withClusterOptions(command)
    .option('--suite <name>', 'a suite; may be given again', collect, [])
    .addOption(
      new Option('--level <name>', 'smoke, standard or release').choices(['smoke', 'standard', 'release']),
    )
    .option('--isolation <kind>', 'of embedded edge nodes: auto, process, netns or uml')
    .option('--seed <number>', 'seed of everything that is drawn')
    .option('--deadline <duration>', 'end of the run, such as 30m');
}

function withRunOptions(command: Command): Command {
  return withPlanOptions(command)
    .option('--plan <file>', 'a plan in YAML')
    .option('--out <folder>', 'where the run’s files go')
    .addOption(quietOption())
    .option(
      '--metrics <where>',
      'OpenMetrics at an address on loopback, such as 127.0.0.1:9464, or pushed to a Pushgateway’s URL; may be given again',
      collect,
      [],
    )
    .hook('preAction', () => preload('@kubernetes/client-node'));
}

/** The command line that does it again: into a folder of its own, for this one's holds a run already, and told to nobody. */
function replayOf(argv: readonly string[]): string {
  const words = argv.filter(
    (word, index) => !/^--(out|metrics)(=|$)/.test(word) && !/^--(out|metrics)$/.test(argv[index - 1] ?? ''),
  );
  return ['ordeal', ...words]
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(' ');
}

/** The command line; `done` gets each command's exit code. */
export function commandLine(parts: Parts, argv: readonly string[], done: (code: ExitCode) => void): Command {
  const program = new Command('ordeal')
    .description('Breaks a Kubernetes cluster on purpose and says whether it may be released.')
    .version(parts.version)
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 certified, 1 refused, 2 inconclusive, 3 wrong plan or command line,\n4 this machine or cluster cannot do it, 5 defect of ordeal, 130 interrupted.',
    );
  const replay = replayOf(argv);

  withRunOptions(
    program.command('run').description('run a plan; without one, both profiles of every suite as controls'),
  )
    .addOption(profileOption())
    .option('--scenario <row>', 'a row of the failure catalogue; may be given again', collect, [])
    .option('--in-cluster', 'the harness runs as a Job in the cluster of --context')
    .option('--dry-run', 'print what would be done, and start nothing', false)
    .action(async (options: RunOptions) => {
      const { run } = await import('./run.ts');
      done(await run(parts, options, replay));
    });

  program
    .command('scenarios')
    .description('the failure catalogue: what is known to go wrong, and which of it can be run')
    .option('--json', 'as JSON', false)
    .action(async (options: { json: boolean }) => {
      const { scenarios } = await import('./scenarios.ts');
      done(await scenarios(parts, options));
    });

  withRunOptions(
    program.command('ablate').description('what each remedy does: alone, all together, and all but it'),
  )
    .option('--only <text>', 'the variants whose name has this in it; may be given again', collect, [])
    .option('--pairs', 'every two of the remedies too, and which of them carry the result', false)
    .action(async (options: RunOptions & { only: string[]; pairs: boolean }) => {
      const { ablate } = await import('./ablate.ts');
      done(await ablate(parts, options, replay));
    });

  program
    .command('simulate')
    .description(
      'months of edge life, or a GPU cluster’s week, on virtual time, with and without each remedy; a model, which certifies nothing',
    )
    .option('--suite <name>', 'edge, unless told, or gpu; may be given again', collect, [])
    .option('--nodes <count>', 'nodes')
    .option('--days <count>', 'how long')
    .option('--seed <number>', 'seed of everything that is drawn')
    .option('--set <path=value>', 'sets a parameter, such as defect.match=handshake', collect, [])
    .option('--only <text>', 'the remedies whose name has this in it; may be given again', collect, [])
    .option(
      '--calibrate <folder>',
      'past runs of the suite below it: what they saw against what is predicted of them',
    )
    .option('--parameters', 'print the parameters, and simulate nothing', false)
    .option('--json', 'as JSON', false)
    .option('--out <folder>', 'where simulation.json and simulation.html go')
    .addOption(quietOption())
    .action(async (options: SimulateOptions) => {
      const { simulate } = await import('./simulate.ts');
      done(await simulate(parts, options));
    });

  program
    .command('report <folder>')
    .description('judge a past run again from its history')
    .option('--allure', 'also make allure-report/ by the allure command', false)
    .option('--allure-history <folder>', 'the same, with the history of runs that is kept in a folder')
    .action(async (folder: string, options: ReportOptions) => {
      const { report } = await import('./report.ts');
      done(await report(parts, folder, options));
    });

  program
    .command('gate')
    .argument('[folders...]', 'folders of runs, or folders that have runs below them')
    .description('whether past runs open a gate: exit 0 open, 1 refused, 2 not proven')
    .option('--policy <file>', 'what the gate asks for, in YAML')
    .option('--json', 'the decision as JSON', false)
    .option('--schema', 'print the JSON Schema of policies', false)
    .action(async (folders: string[], options: GateOptions) => {
      const { gate } = await import('./gate.ts');
      done(await gate(parts, folders, options));
    });

  withRunOptions(
    program
      .command('certify')
      .description('whether a candidate is no worse than a baseline: exit 0 no worse, 1 worse, 2 not known'),
  )
    .requiredOption('--baseline <side>', 'a past run’s folder, or a cluster: embedded, k3s, kind@1.27.3')
    .requiredOption('--candidate <side>', 'the same')
    .addOption(profileOption())
    .option('--repeat <count>', 'runs of each side, in turns', '1')
    .option('--candidate-set <path=value>', 'sets a field of the candidate’s plan alone', collect, [])
    .option('--margin <id=figure>', 'a difference that does not matter, such as GPU-4=50', collect, [])
    .action(async (options: CertifyOptions) => {
      const { certify } = await import('./certify.ts');
      done(await certify(parts, options, replay));
    });

  program
    .command('attest <folder>')
    .description('sign what a run has left in its folder')
    .option('--key <file>', 'an ed25519 private key in PEM')
    .option('--predicate', 'print the predicate for a platform to sign, and sign nothing', false)
    .action(async (folder: string, options: AttestOptions) => {
      const { attest } = await import('./attest.ts');
      done(await attest(parts, folder, options));
    });

  program
    .command('verify <folder>')
    .description('check that a run’s folder is what was signed: exit 1 where it is not')
    .requiredOption('--key <file>', 'the ed25519 public key in PEM')
    .action(async (folder: string, { key }: { key: string }) => {
      const { verify } = await import('./attest.ts');
      done(await verify(parts, folder, key));
    });

  program
    .command('doctor')
    .description('what this machine, or a context’s cluster, can run, what is missing and what mends it')
    .option('--context <name>', 'of a kubeconfig: look at its cluster')
    .option('--kubeconfig <file>', 'the file that has the context')
    .option('--image <name>', 'the workload image: look at its nodes too, by pods of a few seconds')
    .option('--in-cluster', 'ask for what it takes to have the harness run in it, too')
    .option('--json', 'as JSON', false)
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('./clusters.ts');
      done(await doctor(parts, options));
    });

  program
    .command('allow')
    .description('allow the cluster of a context to be broken on purpose, and show what it is')
    .requiredOption('--context <name>', 'of a kubeconfig')
    .option('--kubeconfig <file>', 'the file that has the context, where kubectl would not find it')
    .action(async (options: { context: string; kubeconfig?: string }) => {
      const { allow } = await import('./clusters.ts');
      done(await allow(parts, options));
    });

  withClusterOptions(program.command('up').description('bring a cluster up that stays'))
    .option('--name <name>', 'name of the cluster')
    .addOption(quietOption())
    .action(async (options: RunOptions & { name?: string }) => {
      const { up } = await import('./clusters.ts');
      done(await up(parts, { ...options, suite: [] }));
    });

  program
    .command('down')
    .argument('[name]', 'name of the cluster', 'ordeal')
    .description('end a cluster that `ordeal up` brought up')
    .action(async (name: string) => {
      const { down } = await import('./clusters.ts');
      done(await down(parts, name));
    });

  program
    .command('clean')
    .description('heal and remove what runs that are gone have left')
    .action(async () => {
      const { clean } = await import('./clusters.ts');
      done(await clean(parts));
    });

  const plan = program.command('plan').description('plans: init, validate, schema, explain');
  withPlanOptions(
    plan
      .command('init')
      .description('write a plan with every default; on a terminal it asks, unless an option answers'),
  )
    .addOption(profileOption())
    .option('--out <file>', 'the file that is written; standard output unless told')
    .option('-y, --yes', 'ask nothing', false)
    .action(async (options: PlanInitOptions) => {
      done(await (await import('./plan-init.ts')).planInit(parts, options));
    });
  plan
    .command('validate <file>')
    .description('check a plan')
    .action(async (file: string) => {
      done(await (await import('./plans.ts')).planValidate(parts, file));
    });
  plan
    .command('explain [file]')
    .description('print what a plan would do, and the plan as it would run')
    .action(async (file?: string) => {
      done(await (await import('./plans.ts')).planExplain(parts, file));
    });
  plan
    .command('schema')
    .description('print the JSON Schema of plans')
    .action(async () => {
      done((await import('./plans.ts')).planSchema());
    });

  const images = program.command('images').description('images of kind and k3s clusters: build, list');
  images
    .command('build')
    .description('build the node images and the workload image')
    .option('--kubernetes <version>', 'version, such as 1.34.4')
    .addOption(new Option('--cluster <provider>', 'kind or k3s; both unless told').choices(['kind', 'k3s']))
    .addOption(new Option('--source <where>', 'registry or local').choices(['registry', 'local']))
    .action(async (options: ImageOptions) => {
      const { build: make } = await parts.images();
      const names = await make({ ...options, progress: (line) => process.stderr.write(`${line}\n`) });
      process.stdout.write(`${names.join('\n')}\n`);
      done(EXIT.certified);
    });
  images
    .command('list')
    .description('images that are there')
    .action(async () => {
      for (const { name, bytes, current } of await (await parts.images()).list()) {
        process.stdout.write(
          `${name}  ${Math.round(bytes / 1e6)} MB${current ? '' : '  (of older inputs)'}\n`,
        );
      }
      done(EXIT.certified);
    });

  const fault = program.command('fault').description('faults by hand: kinds, inject, list, heal');
  fault
    .command('kinds')
    .description('the kinds of faults')
    .action(async () => {
      done(await (await import('./faults.ts')).faultKinds(parts));
    });
  fault
    .command('inject <kind>')
    .description(
      'hold one fault on a cluster that `ordeal up` brought up, or that is someone’s, until its TTL',
    )
    .requiredOption('--target <node>', 'a node; may be given again', collect, [])
    .requiredOption('--ttl <duration>', 'how long, such as 60s')
    .option('--cluster <provider>', 'embedded, kind or existing', 'embedded')
    .option('--name <name>', 'name of the cluster', 'ordeal')
    .option('--context <name>', 'kubeconfig context of an existing cluster')
    .option('--kubeconfig <file>', 'the file that has it, where kubectl would not find it')
    .option('--image <image>', 'workload image that the nodes of an existing cluster have')
    .option('--with <name=value>', 'a parameter of the fault; may be given again', collect, [])
    .addOption(quietOption())
    .action(async (kind: string, options: InjectOptions) => {
      done(await (await import('./faults.ts')).faultInject(parts, kind, options));
    });
  fault
    .command('list')
    .description('faults that are injected, or were left, by the journal')
    .action(async () => {
      done(await (await import('./faults.ts')).faultList(parts));
    });
  fault
    .command('heal')
    .argument('[ids...]', 'as `list` has them; unless told, all but those of runs that live')
    .description('heal what `list` shows')
    .action(async (ids: string[]) => {
      done(await (await import('./faults.ts')).faultHeal(parts, ids));
    });
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(SHELLS))
    .description('print what completes this command line in a shell')
    .action(async (shell: Shell) => {
      const values = { '--cluster': Object.keys(parts.providers), '--suite': Object.keys(parts.suites) };
      process.stdout.write(completion(program, shell, values));
      done(EXIT.certified);
    });
  withExamples(program, []);
  return program;
}

/** Each command's examples below its options. */
function withExamples(command: Command, path: readonly string[]): void {
  const lines = EXAMPLES[path.join(' ')] ?? [];
  if (lines.length > 0)
    command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`);
  for (const each of command.commands) withExamples(each, [...path, each.name()]);
}

/** Runs one command line and returns its exit code; whatever goes wrong is told on standard error, without a stack. */
export async function main(parts: Parts, argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.certified;
  const program = commandLine(parts, argv, (seen) => {
    code = seen;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has already said what was wrong, or printed the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.certified : EXIT.usage;
    return tellFailure(error);
  }
}
