// Requests a URL all the time on several keep-alive connections, each with its own cookie, with a pause
// of some milliseconds on average between two requests of one, or none. For each line on standard input
// it prints the counts since the previous line, as JSON. At `kill PID` it kills a
// process, and counts failures of requests in flight at that moment separately. It ends with its input.
import { Agent, get } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const [url, connections = '8', pause = '0'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });
const TIMEOUT = 20_000;
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
    // of different lengths, so that the connections do not ask all at once
    if (pause !== '0') await sleep(2 * Number(pause) * Math.random());
  }
}

function count(of, what) {
  of[what] = (of[what] ?? 0) + 1;
}

/** Everything except a complete 2xx answer is a failure: a reset, a time-out, another status. */
function ask(jar) {
  return new Promise((resolve) => {
    const headers = jar.cookie ? { cookie: jar.cookie } : {};
    const request = get(url, { agent, headers, timeout: TIMEOUT }, (response) => {
      const [set] = response.headers['set-cookie'] ?? [];
      if (set) jar.cookie = set.split(';')[0];
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
