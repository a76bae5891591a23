import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const { GREETING = 'Hello', PORT = '3000' } = process.env;

const server = createServer((_request, response) => {
  response.end(`${GREETING} from ${hostname()}, version ${version}\n`);
});
server.listen(Number(PORT));

// As process 1 it must say so itself that it ends; requests that have begun are answered first.
process.once('SIGTERM', () => server.close());
