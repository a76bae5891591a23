import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import type { Context } from '../../app/context.js';
import { createImage, detectSource, pullImage } from '../../app/images.js';
import { type ConfigEntries, EXTERNAL } from '../../app/imperative/flags-to-config.js';
import type { ChangeOptions } from '../../app/options.js';
import { UserError } from '../../model/errors.js';
import { addChangeOptions, append } from '../options.js';
import { openContext } from '../terminal.js';

interface CreateOptions extends ChangeOptions {
  size?: string;
  debian?: string;
  packages?: string[];
  fromTar?: string;
  fromDirectory?: string;
  fromHost?: string[];
  fromImage?: string;
  fromDocker?: string;
  fromOci?: string;
  fromRegistry?: string;
  fromDockerfile?: string;
  target?: string;
  buildArg?: string[];
  reference?: string;
}

const CREATE_EXAMPLES = `
Examples:
  baleine image create base --size 1G --debian bookworm --packages apache2,vim,nano
  baleine image create small --size 16M --from-host /bin/busybox
  baleine image create site --from-directory ./rootfs`;

const IMPORT_EXAMPLES = `
Examples:
  baleine image import rootfs.tar.zst base --size 1G
  docker save nginx:1.27 -o nginx.tar && baleine image import nginx.tar
  baleine image import registry.example:5000/team/app:1 app`;

export function registerCreate(family: Command): void {
  const sources = [
    ...['debian', 'fromTar', 'fromDirectory', 'fromHost', 'fromImage'],
    ...['fromDocker', 'fromOci', 'fromRegistry', 'fromDockerfile'],
  ];
  const source = (flags: string, description: string) => {
    const option = new Option(flags, description);
    return option.conflicts(sources.filter((each) => each !== option.attributeName()));
  };
  addChangeOptions(family.command('create').argument('<name>'))
    .description('create an image: an ext4 file, filled from one source')
    .option('--size <size>', 'size of the file and quota of each container (default 512M)')
    .addOption(source('--debian <suite>', 'a Debian release, by mmdebstrap or debootstrap'))
    .option('--packages <names>', 'with --debian: more packages, separated by commas', list)
    .addOption(source('--from-tar <file>', 'an archive of a root file system'))
    .addOption(source('--from-directory <dir>', 'a folder that holds a root file system'))
    .addOption(
      source('--from-host <programs>', 'programs of this host and their libraries').argParser(list),
    )
    .addOption(source('--from-image <name>', 'another image'))
    .addOption(source('--from-docker <file>', 'an archive written by docker save'))
    .addOption(source('--from-oci <path>', 'an OCI layout, as a folder or a tar file'))
    .addOption(source('--from-registry <name>', 'an image of a registry, such as nginx:1.27'))
    .option('--reference <name>', 'which one of several in an archive')
    .addOption(source('--from-dockerfile <folder>', 'the build of its Dockerfile, by buildah'))
    .option('--target <stage>', 'with --from-dockerfile: the stage to stop at')
    .option('--build-arg <K=V>', 'with --from-dockerfile: value of an ARG; repeatable', append, [])
    .addHelpText('after', CREATE_EXAMPLES)
    .action(async (name: string, options: CreateOptions, self: Command) => {
      process.exitCode = await create(openContext(self), name, options);
    });
}

export function registerImport(family: Command): void {
  addChangeOptions(family.command('import').argument('<file>').argument('[name]'))
    .description('create an image from an archive, a folder or a registry, detecting which it is')
    .option(
      '--size <size>',
      'size of the image file; default: from its content, 512M for a plain tree',
    )
    .option('--reference <name>', 'which one of several in an archive')
    .addHelpText('after', IMPORT_EXAMPLES)
    .action(
      async (file: string, name: string | undefined, options: CreateOptions, self: Command) => {
        const found = { ...options, ...(await detectSource(file)) };
        process.exitCode = await create(openContext(self), name ?? nameOf(file), found);
      },
    );
}

export function registerPull(family: Command): void {
  addChangeOptions(family.command('pull').argument('<reference>').argument('[name]'))
    .description('fetch an image from a registry, or bring it up to date')
    .addHelpText(
      'after',
      '\nWithout a name, that of the reference is taken: registry.example/team/app:1.2 is app:1.2.\n\nExample:\n  baleine image pull debian:12',
    )
    .action(
      async (
        reference: string,
        name: string | undefined,
        options: ChangeOptions,
        self: Command,
      ) => {
        const own = name ?? taggedNameOf(reference);
        process.exitCode = await pullImage(openContext(self), reference, own, options);
      },
    );
}

function create(context: Context, name: string, options: CreateOptions): Promise<number> {
  const entries = entriesOf(name, options, `create image ${name}`);
  return createImage(context, name, entries, options.fromImage, options);
}

function entriesOf(name: string, options: CreateOptions, purpose: string): ConfigEntries {
  const { size, debian, packages, fromTar, fromDirectory, fromHost, fromImage } = options;
  const { fromDocker, fromOci, fromRegistry, reference } = options;
  const { fromDockerfile, target, buildArg: args = [] } = options;
  if (packages && debian === undefined) {
    throw new UserError(`cannot ${purpose}: --packages goes with --debian SUITE`);
  }
  if ((target !== undefined || args.length > 0) && fromDockerfile === undefined) {
    throw new UserError(`cannot ${purpose}: --target and --build-arg go with --from-dockerfile`);
  }
  const from = {
    ...(debian !== undefined && { debian: { suite: debian, packages } }),
    ...(fromHost && { host: { binaries: fromHost } }),
    ...{ tar: fromTar, directory: fromDirectory, image: fromImage, registry: fromRegistry },
    ...(fromDocker !== undefined && { docker: { path: fromDocker, reference } }),
    ...(fromOci !== undefined && { oci: { path: fromOci, reference } }),
    ...(fromDockerfile !== undefined && { dockerfile: { context: fromDockerfile, target, args } }),
  };
  if (Object.values(from).every((each) => each === undefined)) {
    throw new UserError(
      `cannot ${purpose}: nothing says what is in it`,
      'Give --debian or one of the --from options.',
    );
  }
  const base = fromImage === undefined ? {} : { [fromImage]: EXTERNAL };
  return { images: { ...base, [name]: { size, from } } };
}

/** `./Base.tar.zst` is `base`, `registry.example/team/app:1` is `app`. */
const nameOf = (file: string) => basename(file).toLowerCase().split(/[.:@]/)[0] ?? '';

/** `registry.example/team/App:1` is `app:1`, and `app:latest` is `app`. */
function taggedNameOf(reference: string): string {
  const [, tag] = /:([^:/@]+)(@.*)?$/.exec(reference) ?? [];
  const name = nameOf(reference);
  return tag === undefined || tag === 'latest' ? name : `${name}:${tag}`;
}

/** Of each time that the option occurs. */
const list = (text: string, before: string[] = []) => [
  ...before,
  ...text.split(',').filter(Boolean),
];
