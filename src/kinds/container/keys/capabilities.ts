import type { Path } from '../../../config/document.js';
import { CAPABILITIES } from '../../../config/linux-constants.js';
import { suggest } from '../../../config/suggest.js';
import type { ParseContext } from '../../../config/values.js';

/** `ALL`, or names with or without `CAP_`. */
export function capabilitiesOf(
  raw: string[] | undefined,
  path: Path,
  { problems }: ParseContext,
): string[] {
  return (raw ?? []).map((each, i) => {
    if (each === 'ALL') return each;
    const name = each.startsWith('CAP_') ? each : `CAP_${each}`;
    if (!CAPABILITIES.has(name)) {
      problems.atValue([...path, i], `unknown capability ${JSON.stringify(each)}`, () =>
        suggest(name, CAPABILITIES),
      );
    }
    return name;
  });
}
