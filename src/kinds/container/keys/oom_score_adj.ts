import { plainKey } from './key.js';

export const oom_score_adj = plainKey({
  schema: {
    description:
      'How readily the kernel kills its processes when memory runs out, 0 to 1000 (first), as oom_score_adj of proc(5). Below 0, programs of the host would have to go before them. Default: that of baleine, at least 0.',
    type: 'integer',
    minimum: 0,
    maximum: 1000,
    errorMessage: 'must be a whole number from 0 to 1000',
  },
  read: (raw: number | undefined) => raw,
  change: 'replace',
  release: true,
  oci: (oomScoreAdj) => ({ process: { oomScoreAdj } }),
  flag: {
    flags: '--oom-score-adj <n>',
    help: '0 to 1000: how early it is killed when memory runs out',
    raw: Number,
  },
});
