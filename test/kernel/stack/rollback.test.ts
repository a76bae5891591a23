import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { NOTHING, PAIR, SERVER, Stack } from './stack.js';

const { a, b } = PAIR.containers;
const pairWith = (more: object) => ({ ...PAIR, containers: { a: { ...a, ...more }, b } });

it(
  'restores the previous release of one container, and no other',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, PAIR);
    await stack.apply();
    const memory = () => stack.memory('pair.a').read();
    const before = [memory(), stack.processes('pair.b')];

    stack.write(pairWith({ command: ['busybox', 'false'], limits: { memory: '96M' } }));
    expect((await stack.run('apply', '-y')).stderr).toContain(
      'container.a: does not stay up: ended with 1',
    );
    await stack.done('rollback', 'a', '-y');
    await stack.answers('10.77.1.11', ['a']);
    expect([memory(), stack.processes('pair.b')]).toEqual(before);
    expect(await stack.plan()).toBe(
      `${NOTHING}\nLeft as it is:\n  container.a is rolled back: the file asks for another command, limits\n`,
    );

    // the pin ends when the file changes the container again
    stack.write(pairWith({ command: SERVER.command, limits: { memory: '48M' } }));
    await stack.apply();
    expect(memory()).toBe(48 * 2 ** 20);
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);
