// Draws docs/pictures/ from real output: a plan as SVG, and the page of `baleine ui` as PNG. Run as
// root on a private host, after `npm run build`: `npm run docs:pictures`. Needs chromium and a host
// that can run examples/web-farm.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const MAIN = resolve('dist/main.js');
const PICTURES = resolve('docs/pictures');
const PORT = '7077';
/** Characters of a line in the picture of the plan. */
const WIDTH = 120;
/** @type {Record<string, string>} by SGR code */
const COLORS = { 31: '#ff7b72', 32: '#7ee787', 33: '#e3b341', 2: '#8b949e' };

const dir = mkdtempSync(join(tmpdir(), 'pictures-'));
const shop = join(dir, 'shop');
const env = { ...process.env, BALEINE_ROOT: join(dir, 'root') };
cpSync('examples/web-farm', shop, { recursive: true });
try {
  baleine('apply', '-y');
  await requests(200);
  await drawPage();
  changeFile();
  baleine('kill', 'shop-server-2');
  await sleep(500);
  drawPlan();
} finally {
  baleine('destroy', '-y');
  rmSync(dir, { recursive: true });
}

/** @param {string[]} args */
function baleine(...args) {
  return execFileSync(process.execPath, [MAIN, ...args], { cwd: shop, env, encoding: 'utf8' });
}

/** So that the page has something to count. */
async function requests(/** @type {number} */ count) {
  for (let index = 0; index < count; index++) {
    await fetch('http://10.77.1.10/').then((answer) => answer.text());
  }
}

/** One server more, and more memory for all of them. */
function changeFile() {
  const path = join(shop, 'baleine.yaml');
  const text = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    text.replace('replicas: 3', 'replicas: 4').replace('memory: 64M', 'memory: 96M'),
  );
}

/** With the colors of a terminal, which script(1) lends it. */
function drawPlan() {
  const command = `${process.execPath} ${MAIN} plan`;
  const text = execFileSync('script', ['--quiet', '--command', command, '/dev/null'], {
    ...{ cwd: shop, env, encoding: 'utf8' },
  });
  const lines = `$ baleine plan\n${text}`.replaceAll('\r', '').trimEnd().split('\n');
  writeFileSync(join(PICTURES, 'plan.svg'), terminal(lines.map(shortened)));
}

/** @param {string} line */
function shortened(line) {
  return line.length > WIDTH && !line.includes('\x1b[1m') ? `${line.slice(0, WIDTH - 1)}…` : line;
}

/**
 * Lines with SGR sequences (ECMA-48 8.3.117), as many as view/color.ts writes, as a dark window.
 *
 * @param {string[]} lines
 */
function terminal(lines) {
  const [advance, leading, pad] = [7.8, 18, 16];
  const width = Math.ceil(WIDTH * advance + 2 * pad);
  const height = lines.length * leading + 2 * pad;
  const rows = lines.map((line, index) => {
    const y = pad + leading * (index + 0.75);
    return `<text x="${pad}" y="${y}" xml:space="preserve">${spans(line)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Output of baleine plan">`,
    `<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>`,
    '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="13" fill="#e6edf3">',
    ...rows,
    '</g></svg>\n',
  ].join('\n');
}

/** @param {string} line */
function spans(line) {
  const [plain = '', ...colored] = line.split('\x1b[');
  const parts = colored.map((part) => {
    const end = part.indexOf('m');
    const [code, text] = [part.slice(0, end), escaped(part.slice(end + 1))];
    const color = COLORS[code];
    const style = code === '1' ? 'font-weight="bold"' : color ? `fill="${color}"` : '';
    return style === '' || text === '' ? text : `<tspan ${style}>${text}</tspan>`;
  });
  return escaped(plain) + parts.join('');
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** Once there are some values of use to draw. */
async function drawPage() {
  const ui = spawn(process.execPath, [MAIN, 'ui', '--port', PORT], { cwd: shop, env });
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    // as root, and where there is no graphics card
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    await sleep(2000);
    const page = await browser.newPage({ viewport: { width: 1120, height: 760 } });
    await page.goto(`http://127.0.0.1:${PORT}/`);
    await requests(100);
    await sleep(8000);
    await page.screenshot({ path: join(PICTURES, 'ui.png') });
  } finally {
    await browser.close();
    ui.kill('SIGINT');
  }
}
