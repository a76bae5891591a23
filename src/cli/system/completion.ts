import type { Command } from 'commander';
import { UserError } from '../../model/errors.js';
import { print } from '../output.js';

/** Each gets the completions from the hidden `baleine __complete`. */
const SCRIPTS: Record<string, string> = {
  bash: `_baleine() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(baleine __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _baleine baleine
`,
  zsh: `#compdef baleine
_baleine() {
  local -a found
  found=("\${(@f)$(baleine __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a found || _files
}
compdef _baleine baleine
`,
  fish: `complete -c baleine -a '(baleine __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
};

const EXAMPLES = `
Examples:
  baleine completion bash >/etc/bash_completion.d/baleine
  baleine completion fish >~/.config/fish/completions/baleine.fish`;

export function register(program: Command): void {
  program
    .command('completion')
    .description('print a shell completion script for commands, options and names')
    .argument('<shell>', Object.keys(SCRIPTS).join(', '))
    .addHelpText('after', EXAMPLES)
    .action((shell: string) => {
      const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
      if (script) print(script);
      else throw new UserError(`cannot complete for ${shell}`, 'There is: bash, zsh, fish.');
    });
}
