/** The same completion in four languages. Each finds the words of the command so far, then what can follow. */
import type { Offers, Place, Word } from './completion.ts';
import { programName } from './help.ts';

/** Prints one name a line, and nothing when no supervisor runs. */
const askNames = `${programName} status --names 2>/dev/null`;

const single = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const list = (words: readonly Word[]) => words.map(({ text }) => text).join(' ');

/** Every path of words that is a command or begins one. */
function paths(places: readonly Place[]): readonly string[] {
  return places.map(({ path }) => path).filter((path) => path !== '');
}

interface ValueCase {
  readonly path: string;
  readonly form: string;
  readonly offers: Offers;
}

function valueCases(places: readonly Place[]): readonly ValueCase[] {
  return places.flatMap(({ path, values }) => values.map((value) => ({ path, ...value })));
}

export function bashScript(places: readonly Place[]): string {
  const offer = (offers: Offers) => {
    if ('list' in offers)
      return `COMPREPLY=($(compgen -W ${single(offers.list.join(' '))} -- "$cur"))`;
    return offers.look === 'files'
      ? 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur"))'
      : `COMPREPLY=($(compgen -W "$(${askNames})" -- "$cur"))`;
  };
  return `# bash completion of ${programName}
_pm_supervisor() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" place='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${place:+$place }\${COMP_WORDS[i]}" in
      ${paths(places).map(single).join('|')}) place="\${place:+$place }\${COMP_WORDS[i]}" ;;
    esac
  done
  COMPREPLY=()
  case "$place|$prev" in
${valueCases(places)
  .map(({ path, form, offers }) => `    ${single(`${path}|${form}`)}) ${offer(offers)}; return ;;`)
  .join('\n')}
  esac
  if [[ "$cur" == -* ]]; then
    case "$place" in
${places
  .map(({ path, words }) => {
    const options = words.filter(({ text }) => text.startsWith('-'));
    return `      ${single(path)}) COMPREPLY=($(compgen -W ${single(list(options))} -- "$cur")) ;;`;
  })
  .join('\n')}
    esac
    return
  fi
  case "$place" in
${places
  .map(({ path, words, argument }) => {
    const names = words.filter(({ text }) => !text.startsWith('-'));
    const offers = names.length > 0 ? { list: names.map(({ text }) => text) } : argument;
    return `    ${single(path)}) ${offer(offers)} ;;`;
  })
  .join('\n')}
  esac
}
complete -F _pm_supervisor ${programName}`;
}

export function zshScript(places: readonly Place[]): string {
  const offer = (offers: Offers) => {
    if ('list' in offers) return `compadd -- ${offers.list.map(single).join(' ')}`;
    return offers.look === 'files' ? '_files' : `compadd -- \${(f)"$(${askNames})"}`;
  };
  const described = (words: readonly Word[]) =>
    words.map(({ text, summary }) => single(`${text.replaceAll(':', '\\:')}:${summary}`)).join(' ');
  return `#compdef ${programName}
_pm_supervisor() {
  local place='' previous="\${words[CURRENT-1]}" i
  local -a offers
  for ((i = 2; i < CURRENT; i++)); do
    case "\${place:+$place }\${words[i]}" in
      (${paths(places).map(single).join('|')}) place="\${place:+$place }\${words[i]}" ;;
    esac
  done
  case "$place|$previous" in
${valueCases(places)
  .map(({ path, form, offers }) => `    (${single(`${path}|${form}`)}) ${offer(offers)}; return ;;`)
  .join('\n')}
  esac
  case "$place" in
${places
  .map(
    ({ path, words, argument }) =>
      `    (${single(path)}) offers=(${described(words)}); _describe 'command' offers${
        'list' in argument && argument.list.length === 0 ? '' : `; ${offer(argument)}`
      } ;;`,
  )
  .join('\n')}
  esac
}
if [[ "$funcstack[1]" == _pm-supervisor ]]; then
  _pm_supervisor "$@"
else
  compdef _pm_supervisor ${programName}
fi`;
}

export function fishScript(places: readonly Place[]): string {
  const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const at = (path: string) => `-n ${quote(`__pm_supervisor_at "${path}"`)}`;
  const offered = (offers: Offers) => {
    if ('list' in offers)
      return offers.list.length === 0 ? '' : `-a ${quote(offers.list.join(' '))}`;
    return offers.look === 'files' ? '-F' : `-a ${quote(`(${askNames})`)}`;
  };
  const lines = places.flatMap(({ path, words, values, argument }) => [
    ...words.map(({ text, summary }) => {
      const head = `complete -c ${programName} ${at(path)}`;
      if (!text.startsWith('--')) return `${head} -a ${quote(text)} -d ${quote(summary)}`;
      const value = values.find(({ form }) => form === text);
      const form = `-l ${text.slice(2)}`;
      const taken = value === undefined ? '' : ` -r ${offered(value.offers)}`;
      return `${head} ${form}${taken} -d ${quote(summary)}`;
    }),
    ...(offered(argument) === ''
      ? []
      : [`complete -c ${programName} ${at(path)} ${offered(argument)}`]),
  ]);
  return `# fish completion of ${programName}
function __pm_supervisor_at
    set -l place
    for word in (commandline -opc)[2..-1]
        set -l longer (string join ' ' -- $place $word)
        if contains -- $longer ${paths(places).map(quote).join(' ')}
            set place $longer
        end
    end
    test "$place" = "$argv[1]"
end
complete -c ${programName} -f
${lines.join('\n')}`;
}

export function powershellScript(places: readonly Place[]): string {
  const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const array = (texts: readonly string[]) => `@(${texts.map(quote).join(', ')})`;
  const offered = (offers: Offers) => {
    if ('list' in offers) return array(offers.list);
    // PowerShell completes file names itself when a completer has nothing to say.
    return offers.look === 'files' ? '@()' : `@(${programName} status --names 2>$null)`;
  };
  return `# PowerShell completion of ${programName}
Register-ArgumentCompleter -Native -CommandName ${programName} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $known = ${array(paths(places))}
  $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  $place = ''
  foreach ($word in ($words | Select-Object -Skip 1)) {
    $longer = "$place $word".Trim()
    if ($known -ccontains $longer) { $place = $longer }
  }
  $previous = if ($words.Count -gt 0) { $words[-1] } else { '' }
  $offers = switch -CaseSensitive ("$place|$previous") {
${valueCases(places)
  .map(({ path, form, offers }) => `    ${quote(`${path}|${form}`)} { ${offered(offers)}; break }`)
  .join('\n')}
    default {
      switch -CaseSensitive ($place) {
${places
  .map(
    ({ path, words, argument }) =>
      `        ${quote(path)} { ${array(words.map(({ text }) => text))} + ${offered(argument)}; break }`,
  )
  .join('\n')}
      }
    }
  }
  $offers | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}`;
}
