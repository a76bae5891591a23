import { responsive } from '../view/graph/responsive.js';
import { summaryWords, toneCounts } from '../view/graph/words.js';
import type { PageLook } from './look.js';
import { containersSection } from './sections/containers.js';
import { eventsSection } from './sections/events.js';
import { farmsSection } from './sections/farms.js';
import { anchorOf } from './sections/parts.js';
import { planSection } from './sections/plan.js';
import { summarySection } from './sections/summary.js';
import type { Sections } from './watch.js';

/** Every part of the page; those named `title` and `alert` are plain text. */
export function sectionsOf(look: PageLook): Sections {
  const bad = toneCounts(look.topology).find(({ tone }) => tone === 'bad');
  return {
    title: `${bad ? `(${bad.count} in trouble) ` : ''}${look.topology.stack} · baleine`,
    stack: look.topology.stack,
    alert: '',
    state: summaryWords(look.topology),
    summary: summarySection(look),
    picture: responsive(look.topology, (name) => `#${anchorOf(name)}`),
    containers: containersSection(look),
    farms: farmsSection(look.farms),
    plan: planSection(look.pending),
    events: eventsSection(look.events),
  };
}
