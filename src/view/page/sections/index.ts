import { responsive } from '../../graph/html.js';
import { summaryWords, toneCounts } from '../../graph/labels.js';
import type { PageLook } from '../page-data.js';
import type { Sections } from '../poller.js';
import { containersSection } from './containers.js';
import { farmsSection } from './farms.js';
import { anchorOf } from './parts.js';
import { planSection } from './plan.js';
import { eventsSection, summarySection } from './summary.js';

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
