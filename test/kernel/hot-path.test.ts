import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { bundle } from '../../build.mjs';
import { inPrivateHost } from '../support/private-host.js';
import { startedIn, tracedCalls, tracing } from '../support/strace.js';

it(
  'a no-op apply prints nothing, starts one process for two programs and loads no heavy package',
  inPrivateHost(async (host) => {
    const dist = join(host.dir, 'dist');
    const modules = await bundle(dist);
    const file = join(host.dir, 'baleine.yaml');
    writeFileSync(file, 'name: hot\nbridges: { net: { subnet: 10.77.1.0/24 } }\n');
    const words = [join(dist, 'main.js'), '--root', host.root, '-f', file, 'apply', '-y'];
    const log = join(host.dir, 'strace.log');
    const trace = tracing('execve,openat,clone,fork,vfork', log);

    await host.run(process.execPath, words);
    // tables that were just written are not cached
    await sleep(2500);
    await host.run(process.execPath, words);
    await host.run(process.execPath, words);
    const ran = await host.run('strace', [...trace, process.execPath, ...words, '--quiet']);
    const calls = tracedCalls(log);
    const opened = calls.flatMap((each) => /openat\([^"]*"([^"]+\.js)"/.exec(each)?.[1] ?? []);
    const loaded = packagesOf(opened.flatMap((each) => modules[each] ?? []));
    await host.run(process.execPath, [...words.slice(0, -2), 'destroy', '-y']);

    expect(ran).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(startedIn(calls)).toEqual(['flock', 'ip']);
    expect(calls.filter(isFork)).toHaveLength(1);
    expect(loaded).toContain('commander');
    expect(
      loaded.filter((name) => ['croner', 'diff', 'execa', 'listr2', 'yaml'].includes(name)),
    ).toEqual([]);
  }),
);

/** Excludes threads, which use clone3 or share our memory. */
const isFork = (call: string) => /^(v?fork|clone)\(/.test(call) && !call.includes('CLONE_VM');

function packagesOf(modules: string[]): string[] {
  const names = modules.flatMap((each) => /node_modules\/((@[^/]+\/)?[^/]+)/.exec(each)?.[1] ?? []);
  return [...new Set(names)];
}
