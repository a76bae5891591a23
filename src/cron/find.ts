import { dirname } from 'node:path';
import { blockOf, filesOf } from './block.js';
import { unquote } from './lines.js';

/** One of our blocks in any crontab. */
export interface Block {
  /** The stack's file, which identifies the block. */
  file: string;
  /** The root in its lines; undefined if somebody has edited them. */
  root?: string;
  /** The stack's name at the time of installation; undefined in blocks of release 0.1. */
  stack?: string;
}

/** A line that runs `baleine apply` outside our blocks. */
export interface OtherLine {
  /** Starting at 1. */
  line: number;
  text: string;
}

/** A comment in a block that identifies it by the stack's name. */
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
 * Lines that seem to apply the stack: they run baleine's `apply` with one of its files, the folder
 * of one, or the stack's name.
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
