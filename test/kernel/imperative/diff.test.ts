import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';

it(
  'shows what a container has changed on its disk, whether it runs or not',
  inPrivateHost(async (host) => {
    const bale = async (line: string) => (await host.baleine(line.split(' '))).stdout;
    await host.run('sh', [
      '-c',
      'mkdir -p tree/bin tree/etc/app tree/old && cp /bin/busybox tree/bin/ && ln -s busybox tree/bin/sh && echo same >tree/etc/app/touched && echo before >tree/etc/app/conf && echo x >tree/old/gone',
    ]);
    await bale('image create base --size 16M --from-directory tree');
    await bale(
      'container create one --image base -v data:/data --stop-signal KILL --start -- busybox sleep 1d',
    );
    expect(await bale('container diff one')).toBe('');
    const script = [
      'echo after >/etc/app/conf; echo longer text >/etc/app/new; busybox rm -r /old',
      'busybox touch -d 2020-01-01 /etc/app/touched; busybox mkdir -p /srv/a; echo 1 >/srv/a/b',
      'busybox ln -sf other /bin/sh; busybox mkfifo /srv/pipe; busybox ln -s /etc/passwd /srv/link',
      "busybox touch '/srv/e\u001b[2Jvil'",
    ].join('; ');
    await host.baleine(['container', 'exec', 'one', 'busybox', 'sh', '-c', script]);
    const expected = [
      ...['C /bin/sh', 'C /etc/app', 'C /etc/app/conf', 'A /etc/app/new', 'D /old', 'A /srv'],
      ...['A /srv/a', 'A /srv/a/b', 'A /srv/e\\u001b[2Jvil', 'A /srv/link', 'A /srv/pipe'],
    ];
    expect((await bale('container diff one')).trimEnd().split('\n')).toEqual(expected);
    await bale('container stop one');
    expect((await bale('container diff one')).trimEnd().split('\n')).toEqual(expected);
    const late = await host.baleine('container diff one --timeout 0s'.split(' '), {
      reject: false,
    });
    expect(late).toMatchObject({ code: 1 });
    expect(late.stderr).toContain(
      'cannot compare container one with its image: not finished after 0 s',
    );
    await bale('container rm one');
    await bale('volume rm data');
    await bale('image rm base');
  }),
  120_000,
);
