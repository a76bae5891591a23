import { expect, it } from 'vitest';
import { htmlFile } from '../../../src/view/graph/html.js';
import { svgFile, svgInline } from '../../../src/view/graph/svg.js';
import { bigFarm, EMPTY, node, SHOP } from './sample.js';

const AT = '2026-11-21 12:00:00';

it('shows states and the time of observation', () => {
  const svg = svgFile(SHOP, AT);
  expect(svg).toContain(`6 containers: 4 ok, 1 failing, 1 idle · ${AT}`);
  expect(svg.match(/class="card \w+"/g)).toEqual([
    'class="card good"',
    'class="card good"',
    'class="card good"',
    'class="card good"',
    'class="card bad"',
    'class="card idle"',
  ]);
  expect(svg).toContain(
    'web-server-2 · exited (137 SIGKILL, out of memory) · image base · back 10.77.2.3',
  );
  expect(svg).toContain('lan without an address · back 10.77.2.1 · port 8080 → 80');
  expect(svg.indexOf('on the network of the host')).toBeLessThan(svg.indexOf('on no bridge'));
  expect(svg).toContain('farm <tspan class="mono name">web</tspan>');
  expect(svg).toContain('1 of 2 ok');
  expect(svgFile(EMPTY, AT)).toContain(`no containers · ${AT}`);
});

it.each([
  ['svg', svgFile(bigFarm(50), AT)],
  ['html', htmlFile(bigFarm(50), AT)],
])('needs nothing from elsewhere as %s, and is light and dark', (_format, text) => {
  const links = text.match(/\b(href|src)=[^>]*|url\([^)]*/g) ?? [];
  expect(links).toEqual([]);
  expect(text).not.toMatch(/<script|@import| style=/);
  expect(text.replace('http://www.w3.org/2000/svg', '')).not.toContain('://');
  expect(text).toContain('prefers-color-scheme:dark');
});

it('writes literal colors into a standalone file', () => {
  expect(svgFile(SHOP, AT)).not.toContain('var(');
});

it('escapes names', () => {
  const hostile = node('x', { front: '10.77.1.2' }, { image: '"><script>' });
  const svg = svgInline({ ...SHOP, containers: [hostile], farms: [] }, 326, () => '#"x');
  expect(svg).toContain('image &#34;&#62;&#60;script&#62;');
  expect(svg).toContain('href="#&#34;x"');
  expect(svg).not.toContain('<script');
});
