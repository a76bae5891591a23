import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inPrivateHost, MAIN, type PrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';

/** Commands that start a shell without settings, and load our script in it. */
const SHELLS: Record<string, { start: string; load: string }> = {
  bash: { start: 'bash --noprofile --norc -i', load: 'source <(baleine completion bash)' },
  zsh: {
    start: 'zsh -f -i',
    load: 'autoload -U compinit; compinit -D; source <(baleine completion zsh)',
  },
  fish: { start: 'fish --no-config -i', load: 'baleine completion fish | source' },
};

/** A program named `baleine` that only completes, and prints all other commands. */
function stub(host: PrivateHost): string {
  const dir = join(host.dir, 'bin');
  mkdirSync(dir);
  const text = `#!/bin/sh
case $1 in
  completion | __complete) exec '${process.execPath}' '${MAIN}' "$@" ;;
  *) echo "ran: $*" ;;
esac
`;
  writeFileSync(join(dir, 'baleine'), text);
  chmodSync(join(dir, 'baleine'), 0o755);
  return dir;
}

/** Types lines at a terminal, and returns its content. */
async function typed(host: PrivateHost, shell: string, lines: string[]): Promise<string> {
  const { start, load } = SHELLS[shell] as { start: string; load: string };
  const env = {
    PATH: `${join(host.dir, 'bin')}:${process.env.PATH}`,
    ...{ HOME: host.dir, TERM: 'dumb', BALEINE_ROOT: host.root },
    // otherwise fish creates a folder in /tmp
    XDG_RUNTIME_DIR: host.dir,
  };
  const input = [load, ...lines, 'exit', ''].join('\n');
  const { stdout } = await host.run('script', ['-qec', start, '/dev/null'], {
    input,
    env,
    reject: false,
    timeout: 100_000,
  });
  return stdout;
}

describe.each(Object.keys(SHELLS))('in %s', (shell) => {
  it.skipIf(lackingAny(shell, 'script'))(
    'Tab completes commands, options and names',
    inPrivateHost(async (host) => {
      stub(host);
      const create = ['image', 'create', 'small-one', '--size', '16M', '--from-host'];
      await host.baleine([...create, '/bin/busybox']);
      const screen = await typed(host, shell, [
        'baleine image ins\tsma\t',
        'baleine container create web --ima\tsmall\t',
      ]);
      expect(screen).toContain('ran: image inspect small-one');
      expect(screen).toContain('ran: container create web --image small-one');
      await host.baleine(['image', 'rm', 'small-one']);
    }),
  );
});
