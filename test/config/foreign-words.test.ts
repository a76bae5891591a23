import { expect, it } from 'vitest';
import { ConfigError } from '../../src/config/problem.js';
import { read } from './read.js';

/** Words of Compose, Docker, Kubernetes and of habit, in the sections where people write them. */
const CONTAINER =
  'ports networks env environments cmd entry_point workdir mem memory mem_limit ' +
  'mem_reservation memswap_limit mem_swappiness cpu cpus cpu_shares cpuset cpu_quota pids_limit blkio_config ' +
  'device_cgroup_rules resources deploy scale container_name links ip ' +
  'mac_address mounts volume expose health livenessProbe ' +
  'restart_policy restartPolicy dependsOn requires logging secret security_opt securityContext ' +
  'userns_mode capabilities readonly stop_timeout terminationGracePeriodSeconds preStop postStart ' +
  'hostAliases label privileged cgroup_parent gpus version attach';
const IMAGE = 'dockerfile build registry pull_policy imagePullPolicy disk_size';
const BRIDGE = 'cidr ipam internal nat masquerade ip_range driver_opts parent driver';
const FARM = 'backend frontend loadbalancer update_config';

const keys = (words: string) => words.split(' ').map((word) => `    ${word}: 1`);

const TEXT = [
  'name: x',
  'images:',
  '  base:',
  '    from: { tar: x }',
  ...keys(IMAGE),
  'bridges:',
  '  front:',
  ...keys(BRIDGE),
  'containers:',
  '  web:',
  '    image: base',
  ...keys(CONTAINER),
  'farms:',
  '  shop:',
  '    servers: { image: base, port: 80 }',
  '    proxy: { image: base, listen: 80 }',
  ...keys(FARM),
].join('\n');

function problemsOf(text: string) {
  try {
    read(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('the file was accepted');
}

it('answers each foreign word once, with what it is here or why it is not', () => {
  const words = [IMAGE, BRIDGE, CONTAINER, FARM].join(' ').split(' ');
  const problems = problemsOf(TEXT);
  expect(words.length).toBeGreaterThanOrEqual(70);
  expect(problems.map(({ message }) => /"(.*?)"/.exec(message)?.[1])).toEqual(words);
  expect(problems.filter(({ hint }) => hint === undefined)).toEqual([]);
  const hints = Object.fromEntries(problems.map(({ hint }, i) => [words[i], hint]));
  expect(hints).toMatchObject({
    ports: 'did you mean "publish"?',
    mem_limit: 'did you mean "limits.memory"?',
    health: 'did you mean "healthcheck"?',
    container_name: 'did you mean "bridges.NAME.aliases"?',
    ip_range: 'did you mean "range"?',
    backend: 'did you mean "servers"?',
    // near enough to a key
    environments: 'did you mean "environment"?',
    privileged:
      'there are no privileged containers: cap_add and limits.devices give what is needed',
  });
});

it('names a repeated word once, at its first place', () => {
  const container = (name: string) => `  ${name}:\n    image: base\n    ports: [80]\n`;
  const text = `name: x\nimages: { base: { from: { tar: x } } }\ncontainers:\n`;
  const all = (...names: string[]) => problemsOf(text + names.map(container).join(''));
  expect(all('a', 'b', 'c')).toMatchObject([
    {
      line: 6,
      message: 'unknown key "ports" in containers.a, and in 2 other places',
      hint: 'did you mean "publish"?',
    },
  ]);
  expect(all('a', 'b')[0]?.message).toBe(
    'unknown key "ports" in containers.a, and in another place',
  );
});
