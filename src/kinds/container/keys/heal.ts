import { resolvedKey, spec } from './key.js';

export const heal = resolvedKey({
  schema: {
    description:
      'When an ended container is restarted: by the next apply (`cron`), or at once by its monitor, which runs baleine for this container (`immediate`).',
    type: 'string',
    enum: ['cron', 'immediate'],
    default: 'cron',
  },
  read: (raw: 'cron' | 'immediate' | undefined) => raw ?? 'cron',
  as: 'heal',
  /** Absent: the next apply does. */
  spec: spec<'immediate' | undefined>(),
  change: 'record',
  release: true,
});
