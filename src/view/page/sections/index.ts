import { responsive } from '../../graph/html.js';
import { severityCounts, summaryText } from '../../graph/labels.js';
import type { PageData } from '../page-data.js';
import type { Sections } from '../poller.js';
import { containersSection } from './containers.js';
import { farmsSection } from './farms.js';
import { jobsSection } from './jobs.js';
import { anchorOf } from './parts.js';
import { planSection } from './plan.js';
import { eventsSection, summarySection } from './summary.js';

/** Every section of the page; `title` and `alert` are plain text. */
export function sectionsOf(data: PageData): Sections {
  const bad = severityCounts(data.topology).find(({ tone }) => tone === 'bad');
  return {
    title: `${bad ? `(${bad.count} failing) ` : ''}${data.topology.stack} · baleine`,
    stack: data.topology.stack,
    alert: '',
    state: summaryText(data.topology),
    summary: summarySection(data),
    picture: responsive(data.topology, (name) => `#${anchorOf(name)}`),
    containers: containersSection(data),
    farms: farmsSection(data.farms),
    jobs: jobsSection(data.jobs),
    plan: planSection(data.pending),
    events: eventsSection(data.events),
  };
}
