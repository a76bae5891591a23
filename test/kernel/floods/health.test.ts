import { AT_ONCE, heals, idle, type Source, testFloods } from './cell.js';
import { BOUND, SERVE, shell } from './floods.js';

const TIMEOUT = 1000;
const CHECKED = { timeout: `${TIMEOUT}ms`, interval: '0s', on_failure: 'none' };

const healthExec: Source = {
  name: 'a health check’s command',
  calm: (flood) => {
    // to both streams; the writer to standard output outlives the command
    const exec = shell(`(${flood.script(BOUND)}) & (${flood.script(BOUND)}) >&2`);
    return { containers: { evil: { ...idle(), healthcheck: { exec, ...CHECKED } } } };
  },
  commands: [
    heals(() => TIMEOUT),
    {
      args: ['ps', '--json'],
      limit: AT_ONCE,
      says: ({ isShort }) => (isShort ? /exit code 3: .*owned/ : /no end after 1s/),
    },
  ],
};

const healthHttp: Source = {
  name: 'a health check’s web page',
  calm: (flood) => {
    const command = ['perl', '-e', SERVE, '80', '', ...shell(flood.script(BOUND))];
    const healthcheck = { http: { port: 80 }, ...CHECKED };
    return { containers: { evil: { ...idle(), command, bridges: ['back'], healthcheck } } };
  },
  commands: [
    heals(() => TIMEOUT),
    {
      args: ['ps', '--json'],
      limit: AT_ONCE,
      says: ({ name }) => (name === 'dripping' ? /no answer in time/ : /no HTTP/),
    },
  ],
};

testFloods(healthExec);
testFloods(healthHttp);
