import { Composer, CST, Lexer, type Document as Parsed, type ParsedNode, Parser } from 'yaml';
import type { Document, SourceText } from '../../config/document.js';
import { Problems } from '../../config/problem.js';
import { UserError } from '../../model/errors.js';
import { MERGE_TAGS, Nodes } from './nodes.js';
import { MAX_SIZE } from './read-file.js';

/** Far more than the schema needs; the library composes recursively. */
const MAX_DEPTH = 100;

/** Words, signs, spaces and line ends, which determine the cost of parsing a file. */
const MAX_LEXEMES = 80_000;

/** Duplicate keys are detected while converting nodes: the library compares every pair. */
const OPTIONS = {
  version: '1.2',
  schema: 'core',
  strict: true,
  stringKeys: true,
  uniqueKeys: false,
  prettyErrors: false,
} as const;

/** Everything outside c-printable of YAML 1.2.2 (section 5.1). */
const UNPRINTABLE = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/**
 * Parses one document of YAML 1.2, core schema, with the merge keys of YAML 1.1 and Compose's tags
 * `!reset` and `!override`. Stricter than the language where a file could mean something unexpected:
 * no duplicate keys, no other tags, few aliases, and numbers that cannot be represented exactly are
 * text.
 *
 * @throws ConfigError with all errors
 */
export function parseYaml(source: SourceText): Document {
  const { file, text } = source;
  if (Buffer.byteLength(text) > MAX_SIZE) {
    throw new UserError(`cannot read ${file}: it is larger than 1 MiB`);
  }
  const problems = new Problems(source);
  const contents = parse(text, problems);
  const nodes = new Nodes(source, problems).read(contents);
  problems.throwIfAny();
  return { source, ...nodes };
}

function parse(text: string, problems: Problems): ParsedNode | null {
  const strange = text.search(UNPRINTABLE);
  if (strange >= 0) {
    const hint = 'in double quotes it can be written as an escape, such as \\t or \\u00e9';
    problems.atOffset(strange, 'not YAML: an unprintable character', hint);
    problems.throwIfAny();
  }
  const tokens = tokensOf(text, problems);
  for (const token of tokens) inspect(token, problems);
  const documents = tokens.filter(({ type }) => type === 'document');
  if (documents[1]) problems.atOffset(documents[1].offset, 'a file is one document');
  const [parsed] = withoutStacks(() => [...new Composer<ParsedNode>(OPTIONS).compose(tokens)]);
  if (!parsed) return null;
  refuseErrors(text, parsed, problems);
  return parsed.contents;
}

/** The library creates an error for each of possibly half a million mistakes. */
function withoutStacks<T>(work: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function tokensOf(text: string, problems: Problems): CST.Token[] {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1;
    if (lexemes > MAX_LEXEMES) {
      problems.atOffset(parser.offset, `more than ${MAX_LEXEMES} words and signs`);
      problems.throwIfAny();
    }
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length <= MAX_DEPTH) continue;
    problems.atOffset(parser.offset, `nested more than ${MAX_DEPTH} levels deep`);
    problems.throwIfAny();
  }
  return [...tokens, ...parser.end()];
}

/** Checks for constructs that leave no trace, or no position, in the nodes. */
function inspect(token: CST.Token, problems: Problems): void {
  if (token.type === 'directive' && !/^%YAML 1\.2\s*$/.test(token.source)) {
    const message = 'only YAML 1.2 without %TAG is supported';
    problems.atOffset(token.offset, message, 'remove the directive');
  }
  if (token.type !== 'document') return;
  CST.visit(token, ({ start, sep = [] }) => {
    for (const { type, source, offset } of [...start, ...sep]) {
      if (type !== 'tag' || MERGE_TAGS.has(source)) continue;
      const message = `tag ${source} is not allowed`;
      problems.atOffset(offset, message, 'put text in quotes, leave numbers bare');
    }
  });
}

/** Only the first error: the rest usually follow from it. Tags are reported as tags. */
function refuseErrors(text: string, { errors }: Parsed, problems: Problems): void {
  const error = errors.find(({ code }) => code !== 'TAG_RESOLVE_FAILED');
  if (!error) return;
  const [at] = error.pos;
  if (error.code === 'NON_STRING_KEY') problems.atOffset(at, 'a key must be text');
  else problems.atOffset(at, `not YAML: ${error.message}`, quoteHint(text, at));
  problems.throwIfAny();
}

/** An unquoted variable inside braces or brackets is parsed as a mapping. */
function quoteHint(text: string, at: number): string | undefined {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at + 1);
  return /[{[].*\$\{[^"']*$/.test(line)
    ? 'inside { } and [ ], put quotes around a value with a variable'
    : undefined;
}
