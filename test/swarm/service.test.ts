import { describe, expect, it } from 'vitest';
import type { Cluster, ClusterService, ClusterTask } from '../../src/host/cluster.js';
import { differencesOf } from '../../src/swarm/kinds/api-differences.js';
import { followUpdate } from '../../src/swarm/kinds/rollout.js';

const TEMPLATE = { ContainerSpec: { Image: 'web:2' } };

function task(state: string, more: Partial<ClusterTask> = {}): ClusterTask {
  return {
    ...{
      id: 't',
      service: 's',
      slot: 1,
      node: 'n1',
      desired: 'running',
      image: 'web:2',
      ports: [],
    },
    ...{ state, spec: TEMPLATE, at: Date.now() + 1000, ...more },
  };
}

/** A cluster whose service and tasks are the same at each look. */
function following(update: ClusterService['update'], tasks: ClusterTask[], isUpdate = true) {
  const service: ClusterService = {
    ...{ id: 's', name: 'shop_web', labels: {}, version: 1, desired: 2, running: 0 },
    spec: { TaskTemplate: TEMPLATE, Mode: { Replicated: { Replicas: 2 } } },
    ...(update && { update }),
  };
  const cluster = { service: async () => service, tasks: async () => tasks };
  return followUpdate(cluster as unknown as Cluster, 'shop_web', isUpdate);
}

describe('an update of a service', () => {
  it('is done when all of its tasks are those of the new version', async () => {
    const old = task('running', { spec: { ContainerSpec: { Image: 'web:1' } } });
    const completed = { state: 'completed', message: '' };
    const both = [task('running'), task('running', { slot: 2 })];
    expect(await following(completed, [...both, old])).toEqual({ state: 'done' });
    expect(await following(undefined, both, false)).toEqual({ state: 'done' });
    const another = task('running', { service: 'other' });
    const failing = [1, 2, 3].map((slot) => task('failed', { slot }));
    expect(await following(undefined, [task('running'), another, ...failing], false)).toMatchObject(
      { state: 'failed', why: '1 of 2 tasks of shop_web run' },
    );
  });

  it('is rolled back or stopped for the reasons of its tasks', async () => {
    const failed = task('failed', { error: 'task: non-zero exit (1)', desired: 'shutdown' });
    expect(
      await following({ state: 'rollback_completed', message: 'rollback completed' }, [failed]),
    ).toEqual({
      state: 'rolled back',
      why: 'the update was rolled back: rollback completed (1 failed on n1: task: non-zero exit (1))',
    });
    expect(await following({ state: 'paused', message: 'update paused' }, [failed])).toEqual({
      state: 'failed',
      why: 'the update was stopped: update paused (1 failed on n1: task: non-zero exit (1))',
    });
  });

  it('fails for a new service whose tasks fail again and again', async () => {
    const failed = [1, 2, 3].map((at) => task('rejected', { error: 'No such image', slot: at }));
    expect(await following(undefined, failed, false)).toMatchObject({
      state: 'failed',
      why: expect.stringMatching(/^0 of 2 tasks of shop_web run \(1 rejected on n1: No such image/),
    });
  });
});

describe('what somebody has changed by hand', () => {
  it('is named with the keys of the file, and no content of variables', () => {
    const applied = {
      Mode: { Replicated: { Replicas: 3 } },
      TaskTemplate: {
        ContainerSpec: { Image: 'web:1', Env: ['A=secret'] },
        Resources: { Limits: { MemoryBytes: 67108864 } },
        ForceUpdate: 0,
      },
    };
    const now = {
      Mode: { Replicated: { Replicas: 5 } },
      TaskTemplate: {
        ContainerSpec: { Image: 'web:1', Env: ['A=other'] },
        Resources: { Limits: { MemoryBytes: 33554432 } },
        ForceUpdate: 0,
      },
    };
    expect(differencesOf(applied, now).map(({ reason }) => reason)).toMatchInlineSnapshot(`
      [
        "replicas 3 became 5 on the swarm",
        "environment a list of 1 became a list of 1 on the swarm",
        "limits.memory 64M became 32M on the swarm",
      ]
    `);
    expect(differencesOf(applied, applied)).toEqual([]);
  });
});
