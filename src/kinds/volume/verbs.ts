export interface VolumeVerbs {
  'volume.create': { path: string };
  /** With everything in it. */
  'volume.remove': { path: string };
}
