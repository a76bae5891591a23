import type { Health, Host } from '../../host/ports.js';
import { UserError } from '../../model/errors.js';
import { poll } from '../../model/poll.js';
import { type Work, workNow } from '../../model/step.js';
import type { ContainerVerbs } from './verbs.js';

type Join = ContainerVerbs['container.join'];
type First = NonNullable<Join['first']>[number];

/** Milliseconds for the proxy's own check to confirm ours. */
const PROXY_LIMIT = 10_000;

/** Admits a server to its farm. Does nothing if the proxy does not run: the farm is just being created. */
export async function join(
  { health, proxies }: Pick<Host, 'health' | 'proxies'>,
  { id, rotation, first }: Join,
  work: Work = workNow,
): Promise<void> {
  const { proxy, server, port, monitor } = rotation;
  if (!(await proxies.runs(proxy))) return;
  for (const each of first ?? []) await awaitWell(health, each, server, work);
  await proxies.admit(proxy, server, port);
  if (!first) return;
  await proxies.awaitUp(proxy, [server], PROXY_LIMIT);
  await watch(health, { id, server, first, work }, monitor);
}

async function awaitWell(
  health: Health,
  { target, limit }: First,
  server: string,
  work: Work,
): Promise<void> {
  const find = async () => {
    const complaint = await work(() => complaintOf(health, target));
    if (complaint !== undefined) refuseEnded(health, target.id, server);
    return complaint;
  };
  const until = (each: string | undefined) => each === undefined;
  const complaint = await poll(find, { until, limit, pause: 100, maxPause: 1000 });
  if (complaint === undefined) return;
  throw unfit(server, `it is not well after ${Math.round(limit / 1000)} s: ${complaint}`);
}

/** @param span milliseconds that the server must stay healthy */
async function watch(
  health: Health,
  { id, server, first = [], work }: Pick<Join, 'id' | 'first'> & { server: string; work: Work },
  span: number,
): Promise<void> {
  if (span === 0) return;
  const find = async () => {
    refuseEnded(health, id, server);
    for (const { target } of first) {
      const complaint = await work(() => complaintOf(health, target));
      if (complaint !== undefined) return complaint;
    }
    return undefined;
  };
  const complaint = await poll(find, { limit: span, pause: 500 });
  if (complaint !== undefined) throw unfit(server, `it did not stay well: ${complaint}`);
}

async function complaintOf(health: Health, target: First['target']): Promise<string | undefined> {
  const [answer] = await health.checkAll([target]);
  return answer?.healthy ? undefined : (answer?.reason ?? 'no answer');
}

/** Fails if the container has ended: nothing restarts it while we wait. */
function refuseEnded(health: Health, id: string, server: string): void {
  const code = health.exitCode(id);
  if (code !== undefined) throw unfit(server, `it ended with ${code}`);
}

function unfit(server: string, cause: string): UserError {
  return new UserError(`cannot send requests to ${server}: ${cause}`, `baleine logs ${server}`);
}
