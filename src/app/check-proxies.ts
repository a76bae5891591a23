import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isOwned, ownerMark } from '../host/linux/owner.js';
import type { Fault } from '../host/ports.js';
import type { ConfigVerbs } from '../kinds/generated-file/steps.js';
import type { Config } from '../model/config.js';
import { UserError } from '../model/errors.js';
import type { Plan, Warning } from '../model/plan.js';
import type { Resource, Row } from '../model/resource.js';
import type { ConfigSpec, ContainerSpec, ImageSpec } from '../model/specs.js';
import type { Context } from './context.js';

type Write = ConfigVerbs['config.write'];

/** The reader of a file need not be root, and its folder is bound into it. */
const MODE = 0o644;

/** Milliseconds. */
const PATIENCE = 10_000;

/**
 * Checks the new configuration of each farm's proxy while nothing has changed yet: a running proxy
 * checks it itself. For one that does not run, snippets are checked by this host's HAProxy, if the
 * proxy's image has its program from the host. Otherwise the check at the proxy's start must do,
 * and a warning says so.
 *
 * @param where the place in the file that an error begins with, of the farm's proxy or below it
 * @throws UserError with HAProxy's output
 */
export async function checkProxies(
  context: Context,
  plan: Plan,
  {
    resources,
    rows,
    config,
  }: { resources: readonly Resource[]; rows: readonly Row[]; config: Config },
  where: (resource: Resource, at?: readonly string[]) => string,
): Promise<Warning[]> {
  const resourceOf = new Map(resources.map((each) => [each.address, each]));
  const warnings: Warning[] = [];
  for (const unit of plan.units) {
    const write = unit.steps.find(({ verb }) => verb === 'config.write')?.args as Write | undefined;
    const resource = resourceOf.get(unit.address);
    if (unit.mode !== 'put' || !write || !resource?.entry) continue;
    const row = rows.find(({ kind, name }) => kind === unit.kind && name === unit.name);
    const before = (row?.spec as ConfigSpec | undefined)?.text;
    if (before === write.text) continue;
    const answer = before === undefined ? undefined : await askRunning(context, write);
    if (answer && answer.code !== 0) {
      const lines = answer.output.trim().split('\n');
      throw new UserError([
        `${where(resource)}: the proxy refuses its new configuration:`,
        ...lines,
      ]);
    }
    const { snippets = {} } = config.farms[resource.entry[1] as string]?.proxy ?? {};
    if (answer || !write.reader || Object.keys(snippets).length === 0) continue;
    const program = hostProgram(write.reader.id, resources);
    const faults = program
      ? await (await context.host()).proxies.check(program, write.text)
      : undefined;
    const errors = faults?.filter(({ line, text }) => line !== undefined && !DEPENDS.test(text));
    if (errors?.length) {
      throw new UserError(errors.map((each) => describe(each, write, resource, snippets, where)));
    }
    if (!faults || faults.length > 0) {
      const { address } = unit;
      warnings.push({ address, text: 'its snippets are checked only when the proxy starts' });
    }
  }
  return warnings;
}

/** Messages about files, names and users, which differ in the container, and alerts that are not errors. */
const DEPENDS =
  /no such file|error opening|unable to (stat|open|load|read)|could ?n[o']t (resolve|open|load)|cannot (find|open|load)|Continuing\.$/i;

type Snippets = NonNullable<Config['farms'][string]['proxy']['snippets']>;

/** The error at the place of the snippet that has the line, or of the farm's proxy. */
function describe(
  { line = 1, text }: Fault,
  write: Write,
  resource: Resource,
  snippets: Snippets,
  where: (resource: Resource, at?: readonly string[]) => string,
): string {
  const lines = write.text.split('\n').slice(0, line);
  const header = lines.findLast((each) => /^\w/.test(each)) ?? '';
  const section = header.split(' ')[0] as keyof Snippets;
  const source = lines.at(-1)?.trim() ?? '';
  const isOwn = snippets[section]?.split('\n').some((each) => each.trim() === source);
  const place = where(resource, isOwn ? ['snippets', section] : []);
  return `${place}: HAProxy refuses "${source}": ${text} (${write.file}:${line})`;
}

/** The HAProxy that a proxy's image copies from this host; undefined for any other image. */
function hostProgram(id: string, resources: readonly Resource[]): string | undefined {
  const proxy = resources.find(
    ({ kind, spec }) => kind === 'container' && (spec as ContainerSpec).id === id,
  );
  const name = (proxy?.spec as ContainerSpec | undefined)?.image?.name;
  const image = resources.find((each) => each.kind === 'image' && each.name === name);
  const from = (image?.spec as ImageSpec | undefined)?.from;
  if (!from || !('host' in from)) return undefined;
  return from.host.binaries?.find((each) => basename(each) === 'haproxy');
}

/** The answer of a running proxy; undefined if it does not run or answer. */
async function askRunning(
  context: Context,
  { dir, file, text, reader, files: beside = [] }: Write,
) {
  // without its new certificate, the configuration would be rejected
  if (!reader?.check || !beside.every(({ name }) => existsSync(join(dir, name)))) return undefined;
  const { files, runtime } = await context.host();
  // an apply may run concurrently: a plan takes no lock
  const prefix = `.${file}.plan-`;
  const name = `${prefix}${ownerMark()}`;
  const path = join(dir, name);
  const args = reader.check.map((word) => word.replace(`${file}.next`, name));
  try {
    if (!existsSync(dir)) return undefined;
    for (const each of readdirSync(dir)) {
      // left by a plan that was killed, perhaps while it wrote the file: `.NAME.tmp`
      const [begun = '', owner] = each.split(prefix);
      if (owner === undefined || !['', '.'].includes(begun)) continue;
      if (!isOwned(owner)) await files.remove(join(dir, each));
    }
    await files.write(path, text, MODE);
    // a proxy that does not answer checks the configuration when it is changed
    const execution = runtime.execute(reader.id, args, { timeout: PATIENCE });
    const answer = await execution.catch(() => undefined);
    return answer && { ...answer, output: answer.output.replaceAll(name, file) };
  } finally {
    await files.remove(path);
  }
}
