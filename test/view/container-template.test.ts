import { expect, it } from 'vitest';
import type { ListedContainer } from '../../src/model/listed-container.js';
import { renderTemplate } from '../../src/view/container-template.js';

const ALL: ListedContainer[] = [
  {
    name: 'web-1',
    stack: 'shop',
    image: 'web',
    status: 'exited',
    exit_code: 1,
    addresses: { front: '10.0.0.2' },
    publish: [{ host_ip: '127.0.0.1', published: 8080, target: 80 }],
    limits: { pids: 10 },
    labels: { evil: '\x1b[2J' },
  },
  { name: 'db', stack: 'shop', image: 'db', status: 'running', addresses: {}, limits: { pids: 1 } },
];

it('replaces fields, and escapes what they contain', () => {
  expect(renderTemplate(ALL, '{{.Name}}\\t{{ .State }}: {{.Ports}}|{{.Labels}}')).toBe(
    'web-1\texited: 127.0.0.1:8080:80|evil=\\u001b[2J\ndb\trunning: |\n',
  );
  expect(renderTemplate(ALL, '{{.Names}}{{.ExitCode}}')).toBe('web-11\ndb\n');
  const [first = ''] = renderTemplate(ALL, '{{json .}}').split('\n');
  expect(JSON.parse(first)).toEqual(ALL[0]);
});

it('makes a table of columns', () => {
  expect(renderTemplate(ALL, 'table {{.Name}}\\t{{.Addresses}}\\t{{.StartedAt}}')).toBe(
    'NAME   ADDRESSES       STARTED AT\nweb-1  front=10.0.0.2\ndb\n',
  );
});

it.each(['{{.Nam}}', '{{.constructor}}', '{{len .}}', '{{.Name', 'x}}'])('refuses %s', (text) => {
  expect(() => renderTemplate(ALL, text)).toThrow('cannot format');
});
