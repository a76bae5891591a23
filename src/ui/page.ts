import { safe } from '../view/markup.js';
import template from './page.html?raw';
import type { Sections } from './watch.js';

/** Parts that are text and not HTML. */
const TEXTS = new Set(['title', 'stack', 'alert', 'state']);

/** The whole page; `{{name}}` in page.html stands for a part. */
export function documentOf(sections: Sections): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_all, name: string) => {
    const part = sections[name] ?? '';
    return TEXTS.has(name) ? safe(part) : part;
  });
}
