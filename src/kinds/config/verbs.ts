import type { ConfigSpec } from '../../model/specs.js';

type Reader = NonNullable<ConfigSpec['reader']>;

export interface ConfigVerbs {
  /** A reader that runs checks the text, as `<file>.next`, before it replaces the old one. */
  'config.write': {
    dir: string;
    file: string;
    text: string;
    reader?: Pick<Reader, 'id' | 'check'>;
  };
  /** Tells the reader, if it runs. */
  'config.reload': { reader: Pick<Reader, 'id' | 'signal'> };
  'config.remove': { dir: string };
}
