/**
 * The host of a registry's image, with its port: `registry.example:5000/team/app:1`. A first part
 * without a dot or colon is of a name on Docker's own registry, as distribution's reference package has it.
 */
export function registryOf(reference: string): string {
  const [first = '', ...rest] = reference.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io';
}
