import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Values of options by their long flag, where the option itself does not list them. */
export type Values = Readonly<Record<string, readonly string[]>>;

/** A command, as completion sees it. */
interface Place {
  /** Its names from below the program; none is the program itself. */
  path: readonly string[];
  commands: readonly { name: string; description: string }[];
  /** What may stand for its first argument; any file where it is empty. */
  operands: readonly string[];
  options: readonly {
    flags: readonly string[];
    takes: boolean;
    values: readonly string[];
    description: string;
  }[];
}

/** A shell's completion of a whole command line, options with their values included; where nothing fits, files. */
export function completion(program: Command, shell: Shell, values: Values): string {
  const places = placesOf(program, values, []);
  if (shell === 'fish') return fish(places);
  // The same function: zsh brings along what runs it.
  return shell === 'zsh' ? `autoload -U +X bashcompinit && bashcompinit\n${bash(places)}` : bash(places);
}

function placesOf(command: Command, values: Values, path: readonly string[]): Place[] {
  const help = { flags: ['-h', '--help'], takes: false, values: [], description: 'display help' };
  const own: Place = {
    path,
    commands: command.commands.map((each) => ({ name: each.name(), description: each.description() })),
    operands: command.registeredArguments[0]?.argChoices ?? [],
    options: [...command.options.map((option) => optionOf(option, values)), help],
  };
  return [own, ...command.commands.flatMap((each) => placesOf(each, values, [...path, each.name()]))];
}

function optionOf({ argChoices, description, long, optional, required, short }: Option, values: Values) {
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    takes: required || optional,
    values: argChoices ?? values[long ?? ''] ?? [],
    description,
  };
}

const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const words = (list: readonly string[]) => quoted(list.join(' '));
const at = (path: readonly string[]) => path.map((name) => `/${name}`).join('');

function bash(places: readonly Place[]): string {
  const steps = places
    .flatMap(({ commands, path }) => commands.map(({ name }) => quoted(`${at(path)}:${name}`)))
    .join('|');
  const valued = places.flatMap(({ options, path }) =>
    options
      .filter(({ takes }) => takes)
      .map(
        ({ flags, values }) =>
          `    ${flags.map((flag) => quoted(`${at(path)}:${flag}`)).join('|')}) words=${words(values)} ;;`,
      ),
  );
  const offered = places.map(({ commands, operands, options, path }) => {
    const names = [...commands.map(({ name }) => name), ...operands];
    const flags = options.flatMap((option) => option.flags);
    return `        ${quoted(at(path))}) words=${words(names)}; [[ $current == -* ]] && words=${words(flags)} ;;`;
  });
  return `_ordeal() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" at='' words='' word index
  # Bash takes the = of --level=smoke for a word of its own.
  if [[ $current == = ]]; then current=''; elif [[ $previous == = ]]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "$at:$word" in
      ${steps}) at="$at/$word" ;;
    esac
  done
  case "$at:$previous" in
${valued.join('\n')}
    *)
      case "$at" in
${offered.join('\n')}
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _ordeal ordeal
`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ commands, operands, options, path }) => {
    const deeper = commands.map(({ name }) => name);
    const here = [
      ...path.map((name) => `__fish_seen_subcommand_from ${name}`),
      ...(deeper.length === 0 ? [] : [`not __fish_seen_subcommand_from ${deeper.join(' ')}`]),
    ].join('; and ');
    const on = `complete -c ordeal -n ${quoted(here)}`;
    return [
      ...commands.map(({ description, name }) => `${on} -f -a ${name} -d ${quoted(description)}`),
      ...(operands.length === 0 ? [] : [`${on} -f -a ${words(operands)}`]),
      ...options.map(({ description, flags, takes, values }) => {
        const names = flags.map((flag) =>
          flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
        );
        const value = takes ? (values.length === 0 ? ' -r' : ` -x -a ${words(values)}`) : '';
        return `${on} ${names.join(' ')}${value} -d ${quoted(description)}`;
      }),
    ];
  });
  return `${lines.join('\n')}\n`;
}
