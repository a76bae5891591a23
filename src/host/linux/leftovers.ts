import { readdirSync } from 'node:fs';
import type { Site } from '../../model/site.js';
import { throwAwayDir } from './runtime/layout.js';

/** Whether there is a throw-away container's bundle: as a rule there is none, and this is all that is looked at. */
export function mayBeAbandoned(site: Site): boolean {
  try {
    return readdirSync(throwAwayDir(site)).length > 0;
  } catch {
    return false;
  }
}
