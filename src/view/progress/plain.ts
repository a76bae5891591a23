import type { View, ViewOptions } from '../view.js';
import { humanFrame } from './human.js';
import { sentence } from './words.js';

/** One line for the beginning and one for the end of each unit, on standard error. */
export function plainView(options: ViewOptions): View {
  return {
    ...humanFrame(options),
    start: async () => {},
    event: (event) => {
      const text = sentence(event);
      if (text) options.err(`${text}\n`);
    },
  };
}
