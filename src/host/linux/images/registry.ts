/** `registry.example:5000/team/app:1` to `registry.example:5000/team/app@sha256:…`. */
export function pinned(reference: string, manifest: string | undefined): string {
  if (manifest === undefined) return reference;
  const name = reference.split('@')[0] as string;
  const tag = name.indexOf(':', name.lastIndexOf('/') + 1);
  return `${tag < 0 ? name : name.slice(0, tag)}@${manifest}`;
}

/** Whether the registry is on this host: Docker speaks to such without TLS. */
export function isLoopback(reference: string): boolean {
  const host = reference.includes('/') ? reference.slice(0, reference.indexOf('/')) : '';
  return /^(localhost|127(\.\d{1,3}){3})(:\d+)?$/.test(host);
}
