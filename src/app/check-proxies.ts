import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isOwned, ownerMark } from '../host/linux/owner.js';
import type { ConfigVerbs } from '../kinds/generated-file/steps.js';
import { UserError } from '../model/errors.js';
import type { Plan } from '../model/plan.js';
import type { Resource, Row } from '../model/resource.js';
import type { ConfigSpec } from '../model/specs.js';
import type { Context } from './context.js';

type Write = ConfigVerbs['config.write'];

/** The reader of a file need not be root, and its folder is bound into it. */
const MODE = 0o644;

/** Milliseconds. */
const PATIENCE = 10_000;

/**
 * Asks each proxy that runs whether it would take its new configuration, while nothing has changed
 * yet. One that does not run has nothing to lose: it is asked before it starts.
 *
 * @param where begins a complaint: the place of the farm's proxy in the file
 * @throws UserError with what the proxy says
 */
export async function checkProxies(
  context: Context,
  plan: Plan,
  { resources, rows }: { resources: readonly Resource[]; rows: readonly Row[] },
  where: (resource: Resource) => string,
): Promise<void> {
  const resourceOf = new Map(resources.map((each) => [each.address, each]));
  for (const unit of plan.units) {
    const write = unit.steps.find(({ verb }) => verb === 'config.write')?.args as Write | undefined;
    const resource = resourceOf.get(unit.address);
    if (unit.mode !== 'put' || !write || !resource?.entry) continue;
    const row = rows.find(({ kind, name }) => kind === unit.kind && name === unit.name);
    const before = (row?.spec as ConfigSpec | undefined)?.text;
    if (before === undefined || before === write.text) continue;
    const said = await refusal(context, write);
    if (said === undefined) continue;
    throw new UserError([`${where(resource)}: the proxy refuses its new configuration:`, ...said]);
  }
}

async function refusal(context: Context, { dir, file, text, reader, files: beside = [] }: Write) {
  // a certificate that is not beside it yet would be missed
  if (!reader || !beside.every(({ name }) => existsSync(join(dir, name)))) return undefined;
  const { files, runtime } = await context.host();
  // an apply may be at work beside a plan, which takes no lock
  const prefix = `.${file}.plan-`;
  const name = `${prefix}${ownerMark()}`;
  const path = join(dir, name);
  const args = reader.check.map((word) => word.replace(`${file}.next`, name));
  try {
    if (!existsSync(dir)) return undefined;
    for (const each of readdirSync(dir).filter((other) => other.startsWith(prefix))) {
      // left by a plan that was killed
      if (!isOwned(each.slice(prefix.length))) await files.remove(join(dir, each));
    }
    await files.write(path, text, MODE);
    // one that does not answer is asked again when it is to be changed
    const asked = runtime.execute(reader.id, args, { timeout: PATIENCE });
    const answer = await asked.catch(() => undefined);
    if (!answer || answer.code === 0) return undefined;
    return answer.output.replaceAll(name, file).trim().split('\n');
  } finally {
    await files.remove(path);
  }
}
