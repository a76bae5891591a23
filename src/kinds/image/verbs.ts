import type { CopyEntry, ImageFrom } from '../../model/config.js';
import type { ImageOrigin } from '../../model/specs.js';

export interface ImageVerbs {
  /** Makes the file beside and renames it over the old one; containers keep their own copies. */
  'image.build': {
    file: string;
    /** Bytes. */
    size: number;
    from: ImageFrom;
    /** The base image's file, for `from: {image}`. */
    base?: string;
    /** For an image that another tool made. */
    origin?: ImageOrigin;
    copy: CopyEntry[];
    run: string[];
    /** Of the run lines. */
    environment: Record<string, string>;
  };
  /** Gives the file a second name, for what is built next takes the first; `version` is what is in it. */
  'image.keep': { file: string; as: string; version: string };
  'image.remove': { files: string[] };
}
