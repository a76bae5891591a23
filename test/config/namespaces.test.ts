import { expect, it } from 'vitest';
import { problems } from '../formats/project/stack.js';

/** Services `web`, with these keys on line 4, and `db`. */
const refusal = (web: string, db = '') =>
  problems({
    'compose.yaml': `name: s\nservices:\n  web:\n    ${web}\n    image: x\n  db: { image: x${db} }\n`,
  }).map((each) => each.replace(/^compose\.yaml:/, ''));

it.each<[web: string, db: string, expected: string]>([
  ['network_mode: service:dbb', '', '4:19: unknown container "dbb"'],
  ['pid: service:gone', '', '4:10: unknown container "gone"'],
  ['network_mode: service:db', ', network_mode: "service:web"', 'db has no network of its own'],
  ['pid: service:db', ', pid: "service:web"', '4:10: db has no process ids of its own'],
  ['network_mode: service:web', '', 'of its own'],
  ['network_mode: service:db', ', deploy: { replicas: 2 }', 'db has 2 replicas'],
  ['network_mode: service:db', ', x-baleine: { userns: auto }', 'db has ids of its own'],
  ['ipc: service:db', '', '4:10: db does not share its'],
  ['network_mode: "service:db"\n    networks: [default]', '', '5:5: networks and network_mode'],
  ['network_mode: "service:db"\n    ports: ["80:80"]', '', 'publish'],
  ['network_mode: none\n    ports: ["80:80"]', '', 'publish'],
  ['network_mode: host', '', '4:19: a container never has the network of the host'],
])('%s, and db with "%s"', (web, db, expected) => {
  const found = refusal(web, db);
  expect(found.join('\n')).toContain(expected);
  expect(found.every((each) => /^\d+:\d+: /.test(each))).toBe(true);
});
