import { defined } from '../../config/values.js';
import { IMPERATIVE_STACK } from '../../model/address.js';
import type { Config } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import { isMember } from '../../model/instance.js';
import type { Row } from '../../model/resource.js';
import { readStackFiles } from '../../state/aux-tables.js';
import type { Context } from '../context.js';
import { EXTERNAL } from '../imperative/flags-to-config.js';
import { completeRow } from '../imperative/record.js';
import { type ContainerRow, findContainers } from '../lookup.js';
import type { ChangeOptions } from '../options.js';
import { readConfig } from '../read-config.js';
import { changeContainer } from './edit.js';

/**
 * Attaches an imperative container to a bridge while it runs, with this address or a leased one.
 *
 * @throws UserError for a container of a stack, with the place of its file, and if it is attached
 */
export async function connectNetwork(
  context: Context,
  network: string,
  container: string,
  how: ChangeOptions & { address?: string; address6?: string; aliases?: string[] },
): Promise<number> {
  const { address, address6, aliases, ...options } = how;
  const purpose = `connect container ${container} to network ${network}`;
  const row = await ownContainer(context, container, purpose);
  if (row.spec.links.some(({ bridge }) => bridge === network)) {
    throw new UserError(
      `cannot ${purpose}: it is connected already`,
      `For another address: baleine network disconnect ${network} ${container}`,
    );
  }
  const attachments = { [network]: defined({ address, address6, aliases }) };
  return changeContainer(
    context,
    container,
    { limits: {}, attachments, bridgesOf },
    purpose,
    options,
  );
}

/** Detaches it while it runs. @throws UserError unless it is attached */
export async function disconnectNetwork(
  context: Context,
  network: string,
  container: string,
  options: ChangeOptions,
): Promise<number> {
  const purpose = `disconnect container ${container} from network ${network}`;
  const { spec } = await ownContainer(context, container, purpose);
  const names = spec.links.map(({ bridge }) => bridge);
  if (!names.includes(network)) {
    const all = names.length > 0 ? `It is on ${names.join(', ')}.` : 'It is on none.';
    throw new UserError(`cannot ${purpose}: it is not connected`, all);
  }
  const change = { limits: {}, attachments: {}, detached: network, bridgesOf };
  return changeContainer(context, container, change, purpose, options);
}

function bridgesOf(rows: readonly Row[], bridges: string[], purpose: string) {
  for (const each of bridges) completeRow(rows, 'bridge', each, purpose);
  return Object.fromEntries(bridges.map((each) => [each, EXTERNAL]));
}

/** @throws UserError unless there is an imperative one */
async function ownContainer(
  context: Context,
  name: string,
  purpose: string,
): Promise<ContainerRow> {
  const { rows } = context.state();
  const found = rows.filter((row) => row.kind === 'container' && row.name === name);
  const [other] = found;
  if (!other || found.some(({ stack }) => stack === IMPERATIVE_STACK)) {
    const [row] = findContainers(
      rows,
      IMPERATIVE_STACK,
      [name],
      purpose.split(' container ')[0] ?? '',
    );
    return row as ContainerRow;
  }
  throw new UserError(
    `cannot ${purpose}: it belongs to stack ${other.stack}, and the next apply would undo that`,
    `Change ${await placeOf(context, other.stack, name)} and apply it.`,
  );
}

/** `/srv/shop/baleine.yaml:12:3`, as far as it is known. */
async function placeOf(context: Context, stack: string, name: string): Promise<string> {
  const file = readStackFiles(context.paths.root).get(stack);
  if (file === undefined) return `the file of stack ${stack}`;
  const config = await readConfig(file).catch(() => undefined);
  const path = config && entryPath(config, name);
  return config && path ? config.where(path) : file;
}

function entryPath({ containers, farms }: Config, name: string): string[] | undefined {
  for (const [section, entries] of Object.entries({ containers, farms })) {
    const service = Object.keys(entries).find((each) => each === name || isMember(name, each));
    if (service !== undefined) return [section, service];
  }
  return undefined;
}
