import { jsonView } from './progress/json.js';
import { plainView } from './progress/plain.js';
import { briefView, quietView } from './progress/quiet.js';
import type { View, ViewOptions } from './view.js';

/** The live list is loaded only for a terminal. */
export async function openView(options: ViewOptions): Promise<View> {
  switch (options.style) {
    case 'quiet':
      return quietView(options);
    case 'brief':
      return briefView(options);
    case 'json':
      return jsonView(options);
    case 'plain':
      return plainView(options);
    case 'tasks':
      return (await import('./progress/listr.js')).taskView(options);
  }
}
