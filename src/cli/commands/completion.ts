import type { RunCommand } from "../command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-code.ts";

/** The shells only ask; what fits is decided by `lifeboat complete`, alike for all three. */
const scripts: Readonly<Record<string, string>> = {
  bash: `_lifeboat() {
  local IFS=$'\\n' word="\${COMP_WORDS[COMP_CWORD]}" found
  found=$(lifeboat complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  case $found in
    :files) compopt -o filenames; COMPREPLY=($(compgen -f -- "$word")) ;;
    :folders) compopt -o filenames; COMPREPLY=($(compgen -d -- "$word")) ;;
    *) COMPREPLY=($(compgen -W "$found" -- "$word")) ;;
  esac
}
complete -F _lifeboat lifeboat
`,
  zsh: `#compdef lifeboat
_lifeboat() {
  local -a found
  found=("\${(@f)$(lifeboat complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  case $found[1] in
    :files) _files ;;
    :folders) _files -/ ;;
    *) compadd -- $found ;;
  esac
}
if [ "$funcstack[1]" = _lifeboat ]; then _lifeboat "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _lifeboat lifeboat
fi
`,
  fish: `function __lifeboat_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found (lifeboat complete -- $words[2..-1] 2>/dev/null)
  switch "$found[1]"
    case :files
      __fish_complete_path (commandline -ct)
    case :folders
      __fish_complete_directories (commandline -ct)
    case '*'
      printf '%s\\n' $found
  end
end
complete -c lifeboat -f -a '(__lifeboat_complete)'
`,
};

export const run: RunCommand = async ({ terminal }, given) => {
  const shell = given.need("SHELL");
  const script = scripts[shell];
  if (script === undefined)
    throw new CommandFailure(
      exitCodes.usage,
      "ShellUnknown",
      `There is completion for bash, zsh and fish, not for "${shell}".`,
    );
  terminal.out(script);
  return exitCodes.done;
};
