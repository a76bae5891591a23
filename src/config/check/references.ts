import type { Path } from '../document.js';
import { suggest } from '../suggest.js';
import type { Section, Service, ValidationContext } from './validation-context.js';

/** Every name that is used is declared in the file. */
export function checkReferences(subject: ValidationContext): void {
  for (const [name, image] of Object.entries(subject.images)) {
    if (image.external || !('image' in image.from)) continue;
    checkName(subject, 'images', image.from.image, ['images', name, 'from', 'image']);
  }
  for (const service of subject.services) checkService(subject, service);
}

function checkService(subject: ValidationContext, { path, entry }: Service): void {
  checkName(subject, 'images', entry.image, [...path, 'image']);
  for (const bridge of Object.keys(entry.bridges)) {
    checkName(subject, 'bridges', bridge, [...path, 'bridges', bridge]);
  }
  for (const [other, { required }] of Object.entries(entry.depends_on)) {
    if (required === false) continue;
    checkName(subject, 'containers', other, [...path, 'depends_on', other]);
  }
  entry.volumes.forEach((mount, i) => {
    if (mount.type !== 'volume') return;
    checkName(subject, 'volumes', mount.source, [...path, 'volumes', mount.at ?? i]);
  });
  for (const section of ['secrets', 'configs'] as const) {
    entry[section]?.forEach(({ source }, i) => {
      checkName(subject, section, source, [...path, section, i]);
    });
  }
}

const KIND_NAMES = {
  images: 'image',
  bridges: 'bridge',
  volumes: 'volume',
  containers: 'container',
  secrets: 'secret',
  configs: 'config',
};

function checkName(
  { declared, problems }: ValidationContext,
  section: Exclude<Section, 'farms' | 'jobs'>,
  name: string,
  path: Path,
): void {
  if (declared[section].has(name)) return;
  const message = `unknown ${KIND_NAMES[section]} ${JSON.stringify(name)}`;
  const hint = () => suggest(name, declared[section]) ?? howToDeclare(section, name);
  if (section === 'images') problems.atValue(path, message, hint);
  else problems.atKey(path, message, hint);
}

function howToDeclare(section: Section, name: string): string {
  if (section === 'containers') return 'depends_on takes names of the section containers';
  if (section === 'secrets' || section === 'configs') {
    return `declare it: ${section}: { ${name}: { file: ./${name} } }`;
  }
  if (section === 'volumes') return `declare it: volumes: { ${name}: {} }`;
  return `declare it under ${section}; if it was created imperatively: ${section}: { ${name}: { external: true } }`;
}
