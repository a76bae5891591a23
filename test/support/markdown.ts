/** A fenced block of a Markdown file. */
export interface Block {
  /** The position of its first line, `README.md:32`. */
  at: string;
  /** `sh`, `yaml`; empty if the fence has none. */
  language: string;
  /** Its info string says `part`: checked, but not run. */
  isPart: boolean;
  text: string;
  /** The heading above it. */
  section: string;
}

/** All fenced blocks (CommonMark, backticks at the beginning of a line), in order. */
export function blocksOf(markdown: string, file: string): Block[] {
  const blocks: Block[] = [];
  let section = '';
  let open: Block | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^```(\w*)( part)?\s*$/.exec(line);
    if (open && fence) {
      blocks.push(open);
      open = undefined;
    } else if (open) {
      open.text += `${line}\n`;
    } else if (fence) {
      const [, language = '', part] = fence;
      open = { at: `${file}:${index + 2}`, language, isPart: !!part, text: '', section };
    } else {
      section = /^#+ (.*)/.exec(line)?.[1] ?? section;
    }
  }
  if (open) throw new Error(`${open.at}: the block has no end`);
  return blocks;
}
