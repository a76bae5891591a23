// Loaded before baleine (node --require): names each of its effects on the host, a changed file or a
// started program, and sends baleine a signal in the middle of one: when a file is opened but empty, or
// written but not renamed, or when a program has just started.
//
//   EFFECTS='{"list": "/tmp/effects"}'                      writes the names to a file, one per line
//   EFFECTS='{"at": "rename /a /b", "signal": "SIGKILL"}'   sends the signal at this effect
const childProcess = require('node:child_process');
const fs = require('node:fs');

const { list, at, signal } = JSON.parse(process.env.EFFECTS ?? '{}');
const write = fs.writeSync;
const report = list === undefined ? undefined : fs.openSync(list, 'a');
const seen = new Map();

/** Replaces numbers and random names, which differ between runs; the second of equal names is `… (2)`. */
function nameOf(words) {
  const plain = words
    .join(' ')
    .replace(/[0-9a-f]{8,}|\d+/g, '#')
    .replace(/\s+/g, ' ');
  const times = (seen.get(plain) ?? 0) + 1;
  seen.set(plain, times);
  return times === 1 ? plain : `${plain} (${times})`;
}

/** Whether this is the effect at which to send the signal. */
function isPoint(...words) {
  const name = nameOf(words);
  if (report !== undefined) write(report, `${name}\n`);
  return name === at;
}

const end = () => process.kill(process.pid, signal);

/** Waits a few milliseconds, a different number for each effect: some programs end at once. */
const later = () => setTimeout(end, (at.length * 7) % 23);

function before(object, name) {
  const act = object[name];
  object[name] = (...args) => {
    const paths = args.slice(0, 2).filter((each) => typeof each === 'string');
    // for a descriptor, `openSync` has already reported the name
    if (typeof args[0] !== 'number' && isPoint(name, ...paths)) end();
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
  if (/[wa]/.test(String(flags)) && isPoint('open', path)) end();
  return handle;
};

const { openSync } = fs;
fs.openSync = (path, flags, ...more) => {
  const descriptor = openSync(path, flags, ...more);
  if (/[wa]/.test(String(flags)) && isPoint('openSync', path)) end();
  return descriptor;
};

const { spawn, spawnSync } = childProcess;
childProcess.spawn = (program, args, options) => {
  const child = spawn(program, args, options);
  if (isPoint('spawn', program, ...args.slice(0, 8))) later();
  // the spawn helper: each text is the job of starting a program
  if (child.stdin !== null && [program, ...args].includes('perl')) watch(child.stdin);
  return child;
};
childProcess.spawnSync = (program, args, options) => {
  if (isPoint('spawnSync', program, ...args.slice(0, 8))) end();
  return spawnSync(program, args, options);
};

function watch(input) {
  const send = input.write.bind(input);
  input.write = (text, ...more) => {
    const sent = send(text, ...more);
    if (isPoint('begin', ...String(text).split('\0').slice(5, 11))) later();
    return sent;
  };
}
