// Loaded before baleine (node --require): names what it does to the host, each change of a file and
// each program that it starts, and sends baleine a signal in the middle of one of them. A file is
// opened and still empty then, or written and not yet renamed; a program has just begun.
//
//   EFFECTS='{"list": "/tmp/effects"}'                      writes the names down, one a line
//   EFFECTS='{"at": "rename /a /b", "signal": "SIGKILL"}'   at the one of this name
const childProcess = require('node:child_process');
const fs = require('node:fs');

const { list, at, signal } = JSON.parse(process.env.EFFECTS ?? '{}');
const write = fs.writeSync;
const report = list === undefined ? undefined : fs.openSync(list, 'a');
const seen = new Map();

/** Numbers and random names are others each time; what is done twice is `… (2)` at the second. */
function nameOf(words) {
  const plain = words
    .join(' ')
    .replace(/[0-9a-f]{8,}|\d+/g, '#')
    .replace(/\s+/g, ' ');
  const times = (seen.get(plain) ?? 0) + 1;
  seen.set(plain, times);
  return times === 1 ? plain : `${plain} (${times})`;
}

/** Whether it is this one's turn. */
function next(...words) {
  const name = nameOf(words);
  if (report !== undefined) write(report, `${name}\n`);
  return name === at;
}

const end = () => process.kill(process.pid, signal);

/** Milliseconds into a program: another number for each, for some end at once. */
const later = () => setTimeout(end, (at.length * 7) % 23);

function before(object, name) {
  const act = object[name];
  object[name] = (...args) => {
    const paths = args.slice(0, 2).filter((each) => typeof each === 'string');
    // an open file has its name from `openSync`
    if (typeof args[0] !== 'number' && next(name, ...paths)) end();
    return act(...args);
  };
}

const CHANGES = ['rename', 'rm', 'rmdir', 'unlink', 'mkdir', 'mkdtemp', 'writeFile', 'symlink'];
for (const name of CHANGES) {
  before(fs, `${name}Sync`);
  before(fs.promises, name);
}

const { open } = fs.promises;
fs.promises.open = async (path, flags, ...more) => {
  const handle = await open(path, flags, ...more);
  if (/[wa]/.test(String(flags)) && next('open', path)) end();
  return handle;
};

const { openSync } = fs;
fs.openSync = (path, flags, ...more) => {
  const descriptor = openSync(path, flags, ...more);
  if (/[wa]/.test(String(flags)) && next('openSync', path)) end();
  return descriptor;
};

const { spawn, spawnSync } = childProcess;
childProcess.spawn = (program, args, options) => {
  const child = spawn(program, args, options);
  if (next('spawn', program, ...args.slice(0, 8))) later();
  // The starter of programs: each text is one that it starts.
  if (child.stdin !== null && [program, ...args].includes('perl')) watch(child.stdin);
  return child;
};
childProcess.spawnSync = (program, args, options) => {
  if (next('spawnSync', program, ...args.slice(0, 8))) end();
  return spawnSync(program, args, options);
};

function watch(input) {
  const send = input.write.bind(input);
  input.write = (text, ...more) => {
    const sent = send(text, ...more);
    if (next('begin', ...String(text).split('\0').slice(5, 11))) later();
    return sent;
  };
}
