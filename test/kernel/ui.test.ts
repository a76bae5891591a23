import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ListedContainer } from '../../src/model/listed-container.js';
import { MAIN } from '../support/private-host.js';
import { lackingAny } from '../support/skip.js';
import { IDLE } from '../support/small-image.js';
import { appliedStack, SERVER, type Stack } from './stack/stack.js';

const seen = it.skipIf(lackingAny('chromium'));

const use = appliedStack({
  name: 'shop',
  images: {
    box: { size: '64M', from: { host: { binaries: ['/bin/busybox', '/usr/sbin/haproxy'] } } },
  },
  bridges: {
    front: { subnet: '10.77.1.0/24', host: '10.77.1.1' },
    back: { subnet: '10.77.2.0/24', isolated: true },
  },
  volumes: { data: {} },
  containers: {
    db: {
      image: 'box',
      command: IDLE,
      bridges: ['back'],
      volumes: ['data:/data'],
      limits: { memory: '32M' },
    },
    job: { image: 'box', command: ['busybox', 'true'], restart: 'no' },
  },
  farms: {
    web: {
      servers: { ...SERVER, replicas: 2, bridges: ['back'], port: 80 },
      proxy: {
        image: 'box',
        engine: 'haproxy',
        bridges: { front: { address: '10.77.1.10' }, back: {} },
        listen: 80,
      },
    },
  },
});

const NAMES = ['db', 'job', 'web-proxy', 'web-server-1', 'web-server-2'];

/** Errors in the browser, and its requests to other servers. */
const complaints: string[] = [];
let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: browserInside(use()),
    // runs as root, and without a graphics card
    args: ['--no-sandbox', '--disable-gpu'],
  });
});
afterAll(() => browser.close());
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

/** A program that starts the browser on the private host. */
function browserInside({ host }: Stack): string {
  const path = join(host.dir, 'browser');
  const into = `nsenter --target=${host.pid} --mount --net --`;
  writeFileSync(path, `#!/bin/sh\nexec ${into} chromium "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

interface Ui {
  url: string;
  /** Returns the exit code, and the milliseconds until the end. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; took: number }>;
}

const started: ChildProcess[] = [];

/** Starts `baleine ui` in the private host, in the foreground. */
async function startUi(): Promise<Ui> {
  const { host, file } = use();
  const words = [MAIN, '--root', host.root, '--file', file, 'ui', '--port', '0'];
  const into = [`--target=${host.pid}`, '--mount', '--net', '--'];
  const child = spawn('nsenter', [...into, process.execPath, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  const ended = once(child, 'exit');
  const [output] = await once(child.stdout, 'data');
  const url = /^http:\/\/127\.0\.0\.1:\d+\//.exec(String(output))?.[0] ?? `no url: ${output}`;
  return {
    url,
    end: async (signal) => {
      const start = performance.now();
      child.kill(signal);
      const [code] = await ended;
      return { code, took: performance.now() - start };
    },
  };
}

async function open(url: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, ...options });
  page.on('console', (message) => {
    if (message.type() !== 'info') complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(url.replace(/[^/]*$/, ''))) complaints.push(request.url());
  });
  await page.goto(url);
  return page;
}

const ps = async (): Promise<ListedContainer[]> => JSON.parse(await use().done('ps', '--json'));

/** Status of each container in the page’s table. */
const statuses = (page: Page) =>
  page
    .locator('[data-container]')
    .evaluateAll((rows) => rows.map(({ dataset }) => [dataset.container, dataset.status]));

const card = (page: Page, name: string) =>
  page.locator(`a.card[href="#container-${name}"]`).filter({ visible: true });

const overflow = (page: Page) =>
  page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');

const color = (found: Locator, property: string): Promise<string> =>
  found
    .first()
    .evaluate(
      (node, name) => node.ownerDocument.defaultView.getComputedStyle(node).getPropertyValue(name),
      property,
    );

seen('shows every container as it is, and a killed one in red within 2 s', async () => {
  await use().answers('10.77.1.10', ['web-server-1', 'web-server-2']);
  const ui = await startUi();
  const page = await open(ui.url);
  expect(await statuses(page)).toEqual((await ps()).map(({ name, status }) => [name, status]));
  expect((await ps()).map(({ name }) => name)).toEqual(NAMES);
  for (const name of NAMES) expect(await card(page, name).count()).toBe(1);
  await page.waitForSelector('[data-connection="live"]');
  await expect.poll(() => page.locator('[data-farm="web"]').textContent()).toContain('2 of 2');
  await expect.poll(() => page.locator('#container-db').textContent()).toMatch(/[KM] of 32M/);
  expect(await page.locator('#plan').textContent()).toContain('No changes.');
  expect(await page.locator('#events').textContent()).toContain('container.web-proxy create');

  const victim = card(page, 'web-server-2');
  await victim.focus();
  const fill = () => color(victim.locator('.box'), 'fill');
  const well = await fill();
  const start = performance.now();
  await use().kill('shop.web-server-2');
  await page.waitForSelector('a.card.bad[href="#container-web-server-2"]:visible');
  const took = performance.now() - start;
  expect(took).toBeLessThan(2000);
  expect(well).toBe('rgb(255, 255, 255)');
  // the color changes with a transition
  await expect.poll(fill).toBe('rgb(253, 236, 234)');
  expect(await statuses(page)).toEqual((await ps()).map(({ name, status }) => [name, status]));
  expect(await page.title()).toBe('(1 failing) shop · baleine');
  // the focused element still exists and still has the focus
  expect(await victim.evaluate((node) => node.ownerDocument.activeElement === node)).toBe(true);
  await expect.poll(() => page.locator('#plan').textContent()).toContain('container.web-server-2');

  await use().apply();
  await expect.poll(() => victim.getAttribute('class')).toBe('card good');
  expect(await ui.end('SIGINT')).toMatchObject({ code: 0 });
  await page.waitForSelector('[data-connection="lost"]');
  await page.close();
  expect(complaints.splice(0).filter((each) => !each.includes('ERR_'))).toEqual([]);
});

seen('fits a narrow screen, in light and dark, and is led by keys', async () => {
  const since = await use().host.snapshot();
  const ui = await startUi();
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await open(ui.url, { viewport: { width: 360, height: 740 }, colorScheme });
    expect(await overflow(page)).toBe(0);
    const ground = await color(page.locator('body'), 'background-color');
    expect(ground).toBe({ light: 'rgb(246, 247, 249)', dark: 'rgb(14, 19, 25)' }[colorScheme]);
    for (const name of NAMES) expect(await card(page, name).isVisible()).toBe(true);

    await page.keyboard.press('Tab');
    const skip = await page.evaluate<string>('document.activeElement.textContent');
    expect(skip).toBe('Skip to the containers');
    await card(page, 'db').focus();
    await page.keyboard.press('Enter');
    // the browser follows the link after the key's event
    await expect.poll(() => new URL(page.url()).hash).toBe('#container-db');
    await page.close();
  }
  const { code, took } = await ui.end('SIGTERM');
  expect(code).toBe(0);
  expect(took).toBeLessThan(2000);
  expect(complaints.splice(0)).toEqual([]);
  expect(await use().changes(since)).toEqual([]);
});

seen('answers on the loopback interface, by its own name, to GET', async () => {
  const ui = await startUi();
  const { host } = use();
  const { port } = new URL(ui.url);
  const status = async (...words: string[]) => {
    const format = ['--silent', '--output', '/dev/null', '--write-out', '%{http_code}'];
    return (await host.run('curl', [...format, ...words], { reject: false })).stdout;
  };
  expect(await status(ui.url)).toBe('200');
  expect(await status('--header', 'Host: rebound.example', ui.url)).toBe('421');
  expect(await status('--request', 'POST', ui.url)).toBe('405');
  expect(await status(`${ui.url}../../etc/passwd`)).toBe('404');
  expect(await status(`http://10.77.1.1:${port}/`)).toBe('000');
  const taken = await use().run('ui', '--port', port);
  expect(taken).toMatchObject({ code: 1, stdout: '' });
  expect(taken.stderr).toContain(`cannot listen on 127.0.0.1:${port}: the port is taken`);
  await ui.end('SIGTERM');
});

seen('draws the same as files that stand alone', async () => {
  const { host } = use();
  const file = (format: string) => join(host.dir, `picture.${format}`);
  for (const format of ['svg', 'html']) {
    await use().done('graph', '--format', format, '-o', file(format));
  }
  const listed = (await ps()).map(({ name, status }) => [name, status]);
  const drawn = (page: Page) =>
    page
      .locator('.card')
      .filter({ visible: true })
      .evaluateAll((cards) =>
        cards.map((each) => {
          const [name, state = ''] = each.getAttribute('aria-label')?.split(' · ') ?? [];
          return [name, state.split(/[ ,]/)[0]];
        }),
      );
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await open(pathToFileURL(file('svg')).href, { colorScheme });
    expect((await drawn(page)).sort()).toEqual(listed);
    const fill = { light: 'rgb(255, 255, 255)', dark: 'rgb(23, 29, 38)' }[colorScheme];
    expect(await color(page.locator('.card.good .box'), 'fill')).toBe(fill);
    await page.close();
  }
  const page = await open(pathToFileURL(file('html')).href, {
    viewport: { width: 360, height: 740 },
  });
  expect((await drawn(page)).sort()).toEqual(listed);
  expect(await overflow(page)).toBe(0);
  await page.close();
  expect(complaints.splice(0)).toEqual([]);
});
