// Asks a URL over and over on some kept-alive connections. A line on standard input has it print
// what there was since the last one, as JSON; at its end it ends.
import { Agent, get } from 'node:http';
import { createInterface } from 'node:readline';

const [url, connections = '8'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });
const PATIENCE = 20_000;
let counts = fresh();
let over = false;

await Promise.all([read(), ...Array.from({ length: Number(connections) }, keepAsking)]);
agent.destroy();

async function read() {
  for await (const _ of createInterface(process.stdin)) {
    const ms = Math.round(performance.now() - counts.since);
    process.stdout.write(`${JSON.stringify({ ...counts, ms })}\n`);
    counts = fresh();
  }
  over = true;
}

async function keepAsking() {
  while (!over) {
    const started = performance.now();
    const { page, failure } = await ask();
    const took = Math.round(performance.now() - started);
    counts.slowest = Math.max(counts.slowest, took);
    counts.requests += 1;
    if (failure) counts.failed[failure] = (counts.failed[failure] ?? 0) + 1;
    else counts.pages[page] = (counts.pages[page] ?? 0) + 1;
  }
}

/** Every answer but a whole one of 2xx is a failure: a reset, a time-out, a status. */
function ask() {
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: PATIENCE }, (response) => {
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
  return { requests: 0, failed: {}, pages: {}, slowest: 0, since: performance.now() };
}
