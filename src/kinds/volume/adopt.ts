import { isAbsolute } from 'node:path';
import { UserError } from '../../model/errors.js';
import type { Resource } from '../../model/resource.js';
import type { VolumeSpec } from '../../model/specs.js';
import type { Adopted, Adoption } from '../kind.js';

/** A folder with its data. One that is elsewhere is moved, so that destroy removes nothing outside. */
export async function adopt(
  { address, spec }: Resource<VolumeSpec>,
  id: string | undefined,
  { host, probe }: Adoption,
): Promise<Adopted<VolumeSpec>> {
  const folder = id ?? spec.path;
  if (!isAbsolute(folder) || !probe.file(folder)?.directory) {
    throw new UserError(`cannot import ${address}: there is no folder ${folder}`);
  }
  if (folder !== spec.path) {
    await host.files.move(folder, spec.path).catch((error: Error) => {
      throw new UserError(
        error.message,
        [
          'Copy it there, then import it without naming a folder:',
          `  mkdir -p ${spec.path} && cp -a ${folder}/. ${spec.path}/`,
        ],
        { cause: error },
      );
    });
  }
  return { spec, facts: {}, status: 'ready' };
}
