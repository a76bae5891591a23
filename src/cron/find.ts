import { dirname } from 'node:path';
import { blockOf, filesOf } from './block.js';
import { unquote } from './lines.js';

/** One of our blocks, wherever it stands. */
export interface Block {
  /** The stack's file, by which the block is known. */
  file: string;
  /** Whose root its lines name; undefined when somebody has edited them. */
  root?: string;
  /** The stack's name when it was installed; undefined in blocks of release 0.1. */
  stack?: string;
}

/** A line that runs `baleine apply` and is in none of our blocks. */
export interface OtherLine {
  /** 1 and up. */
  line: number;
  text: string;
}

/** Stands in a block, for who has the stack's name alone. */
export const stackComment = (stack: string) => `# baleine stack ${stack}`;

export function blocksOf(crontab: string): Block[] {
  return filesOf(crontab).map((file) => {
    const text = blockOf(crontab, file);
    const root = / --root ('(?:[^']|'\\'')*'|[^\s']+) --file /.exec(text)?.[1];
    const stack = /^# baleine stack (\S+)$/m.exec(text)?.[1];
    return {
      file,
      ...(root !== undefined && { root: unquote(root) }),
      ...(stack !== undefined && { stack }),
    };
  });
}

/**
 * Lines that seem to apply the stack: they run baleine's `apply`, and name one of its files, the
 * folder of one, or the stack.
 */
export function otherLines(text: string, files: readonly string[], stack: string): OtherLine[] {
  const names = [...files, ...files.map(dirname).filter((dir) => dir !== '/')];
  return withoutBlocks(text).flatMap((line, index) => {
    const isComment = /^\s*#/.test(line);
    if (isComment || !OUR_PROGRAM.test(line) || !/\sapply(?=[\s'"]|$)/.test(line)) return [];
    const words = line.split(/[\s'"=;]+/);
    const byName = words.some((word, at) => word === stack && words[at - 1] === '--stack');
    return byName || names.some((name) => words.includes(name) || line.includes(`'${name}'`))
      ? [{ line: index + 1, text: line.trim() }]
      : [];
  });
}

const OUR_PROGRAM = /(?:^|[\s'"/=;&(])(?:baleine|main\.js)(?=[\s'"]|$)/;

/** Lines keep their numbers. */
function withoutBlocks(crontab: string): string[] {
  const others = filesOf(crontab).reduce((text, file) => {
    const block = blockOf(crontab, file);
    return text.replace(block, () => block.replace(/.+/g, ''));
  }, crontab);
  return others.split('\n');
}
