// Asks a URL over and over on some kept-alive connections, each of which keeps the cookie it is
// given. A line on standard input has it print what there was since the last one, as JSON; `kill PID`
// has it end a process by force and count apart what fails of the requests under way at that moment;
// at its end it ends.
import { Agent, get } from 'node:http';
import { createInterface } from 'node:readline';

const [url, connections = '8'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });
const PATIENCE = 20_000;
let counts = fresh();
let over = false;
let killed = -1;

await Promise.all([read(), ...Array.from({ length: Number(connections) }, keepAsking)]);
agent.destroy();

async function read() {
  for await (const line of createInterface(process.stdin)) {
    if (line.startsWith('kill ')) {
      process.kill(Number(line.slice(5)), 'SIGKILL');
      killed = performance.now();
      continue;
    }
    const ms = Math.round(performance.now() - counts.since);
    process.stdout.write(`${JSON.stringify({ ...counts, ms })}\n`);
    counts = fresh();
  }
  over = true;
}

async function keepAsking() {
  const jar = {};
  while (!over) {
    const started = performance.now();
    const { page, failure } = await ask(jar);
    const took = Math.round(performance.now() - started);
    counts.slowest = Math.max(counts.slowest, took);
    counts.requests += 1;
    const wasCut = started <= killed && started + took >= killed;
    if (failure) count(wasCut ? counts.cut : counts.failed, failure);
    else count(counts.pages, page);
  }
}

function count(of, what) {
  of[what] = (of[what] ?? 0) + 1;
}

/** Every answer but a whole one of 2xx is a failure: a reset, a time-out, a status. */
function ask(jar) {
  return new Promise((resolve) => {
    const headers = jar.cookie ? { cookie: jar.cookie } : {};
    const request = get(url, { agent, headers, timeout: PATIENCE }, (response) => {
      const [given] = response.headers['set-cookie'] ?? [];
      if (given) jar.cookie = given.split(';')[0];
      let page = '';
      response.setEncoding('utf8').on('data', (part) => {
        page += part;
      });
      response.on('error', fail);
      response.on('end', () => {
        const { statusCode = 0 } = response;
        if (statusCode < 200 || statusCode > 299) resolve({ failure: `status ${statusCode}` });
        else resolve({ page: page.trim() });
      });
    });
    const fail = (error) => resolve({ failure: error.code ?? error.message });
    request.on('timeout', () => request.destroy(new Error('time-out')));
    request.on('error', fail);
  });
}

function fresh() {
  return { requests: 0, failed: {}, cut: {}, pages: {}, slowest: 0, since: performance.now() };
}
