import { join } from 'node:path';
import type { Host } from '../../host/ports.js';
import type { Handlers } from '../../model/step.js';
import type { ConfigVerbs } from './steps.js';

/** The reader may run as any user; on the host, the parent folders protect it. */
const DIR_MODE = 0o755;
const FILE_MODE = 0o644;
/** For certificates, which contain their key. */
const KEY_MODE = 0o600;

type Ports = Pick<Host, 'files' | 'runtime' | 'proxies' | 'masters'>;
type Write = ConfigVerbs['config.write'];

export function configHandlers(host: Ports): Handlers<ConfigVerbs> {
  return {
    'config.write': {
      one: async (args) => {
        await write(host, args);
        return undefined;
      },
    },
    'config.reload': {
      // A stopped reader reads the text when it starts.
      waits: true,
      one: async ({ reader: { id, signal, master }, proxy, handover = 0 }) => {
        if (master) await host.masters.reload(id, signal);
        else if (proxy) await host.proxies.reload(proxy, signal, handover);
        else await host.runtime.signal(id, signal);
        return undefined;
      },
    },
    'config.drain': {
      waits: true,
      one: async ({ proxy, servers, limit }) => {
        await host.proxies.drain(proxy, servers, limit);
        return undefined;
      },
    },
    'config.await': {
      waits: true,
      one: async ({ proxy, servers, limit }) => {
        await host.proxies.awaitUp(proxy, servers, limit);
        return undefined;
      },
    },
    'config.discard': {
      one: async ({ paths }) => {
        for (const path of paths) await host.files.remove(path);
        return undefined;
      },
    },
    'config.remove': {
      one: async ({ dir }) => {
        await host.files.remove(dir);
        return undefined;
      },
    },
  };
}

async function write(host: Ports, args: Write): Promise<void> {
  const path = join(args.dir, args.file);
  await host.files.ensureDir(args.dir, DIR_MODE);
  for (const { name, from } of args.files ?? []) {
    await host.files.join(from, join(args.dir, name), KEY_MODE);
  }
  if (args.files && args.reader) await host.runtime.givePrivateFiles(args.reader.id, args.dir);
  if (args.reader) await check(host, args.reader, path, args.text);
  await host.files.write(path, args.text, FILE_MODE);
}

/** If the reader is running, it checks the text first; rejects with its error message. */
async function check(
  { files, runtime }: Pick<Ports, 'files' | 'runtime'>,
  reader: NonNullable<Write['reader']>,
  path: string,
  text: string,
): Promise<void> {
  if (!reader.check) return;
  const next = `${path}.next`;
  await files.write(next, text, FILE_MODE);
  try {
    const result = await runtime.execute(reader.id, reader.check);
    if (result && result.code !== 0) {
      const message = result.output.trim() || `exit code ${result.code}`;
      throw new Error(`cannot change ${path}: ${reader.id} rejects the new text: ${message}`);
    }
  } finally {
    await files.remove(next);
  }
}
