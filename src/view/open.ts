import type { View, ViewOptions } from './view.js';

/** Loads what the style needs and no more: the run from cron has a quiet view. */
export async function openView(options: ViewOptions): Promise<View> {
  switch (options.style) {
    case 'quiet':
      return (await import('./progress/quiet.js')).quietView(options);
    case 'json':
      return (await import('./progress/json.js')).jsonView(options);
    case 'tasks':
      return (await import('./progress/listr.js')).taskView(options);
    case 'plain':
      return (await import('./progress/plain.js')).plainView(options);
  }
}
