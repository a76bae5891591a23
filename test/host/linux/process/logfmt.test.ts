import { expect, it } from 'vitest';
import { logMessages } from '../../../../src/host/linux/process/logfmt.js';

it.each<[line: string, messages: string[]]>([
  ['time="1" level=error msg="exec failed: \\"x\\" is missing"', ['exec failed: "x" is missing']],
  // escapes of strconv.Quote that are invalid in JSON
  [
    'level=fatal msg="denied: \\x1b[2J\\a \\u202e \\U0001f40b \\v"',
    ['denied: \x1b[2J\x07 \u202e 🐋 \v'],
  ],
  ['msg="a\\\\nb\\n" other=1\nmsg=word', ['a\\nb\n', 'word']],
  ['msg="\\U00110000 \\xzz"', ['\ufffd xzz']],
  ['msg="cut off \\', ['"cut']],
  ['no log at all', []],
])('reads the messages of %s', (line, messages) => {
  expect(logMessages(line)).toEqual(messages);
});
