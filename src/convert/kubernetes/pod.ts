import type { Container, PodSpec, Volume } from 'kubernetes-types/core/v1.js';
import type { Names } from './names.js';

/** A pod while its container is being translated. */
export interface Pod {
  container: Container & { volumeMounts: NonNullable<Container['volumeMounts']> };
  spec: PodSpec & { volumes: Volume[] };
  labels: Record<string, string>;
  annotations: Record<string, string>;
  names: Names;
}

/** The prefix of the label of each bridge that a pod is on. */
export const BRIDGE = 'bridge.baleine/';
export const NAME = 'app.kubernetes.io/name';
export const PART_OF = 'app.kubernetes.io/part-of';

/** Mounts a volume of the pod. */
export function mount(
  { spec, container }: Pick<Pod, 'spec' | 'container'>,
  mountPath: string,
  source: Omit<Volume, 'name'>,
  options: { readOnly?: true; subPath?: string } = {},
): void {
  const text = JSON.stringify(source);
  const known = spec.volumes.find(({ name: _, ...rest }) => JSON.stringify(rest) === text);
  // a folder in memory is never shared between two mounts
  const isShared = known && source.emptyDir === undefined;
  const name = isShared ? known.name : `volume-${spec.volumes.length + 1}`;
  if (!isShared) spec.volumes.push({ name, ...source });
  container.volumeMounts = container.volumeMounts.filter((each) => each.mountPath !== mountPath);
  container.volumeMounts.push({ name, mountPath, ...options });
}

export const inMemory = (sizeLimit?: number) => ({
  emptyDir: { medium: 'Memory', ...(sizeLimit !== undefined && { sizeLimit: String(sizeLimit) }) },
});

/** In `command`, `args` and values of variables, `$(NAME)` is replaced, and `$$` is a dollar sign. */
export const escaped = (text: string) => text.replaceAll(/\$(?=[$(])/g, '$$$$');

/** Whole seconds, begun ones included. */
export const seconds = (milliseconds: number) => Math.ceil(milliseconds / 1000);
