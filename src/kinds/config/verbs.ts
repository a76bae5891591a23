import type { ConfigSpec, PlacedFile, ProxySpec } from '../../model/specs.js';

type Reader = NonNullable<ConfigSpec['reader']>;

export interface ConfigVerbs {
  /** A reader that runs checks the text, as `<file>.next`, before it replaces the old one. */
  'config.write': {
    dir: string;
    file: string;
    text: string;
    files?: PlacedFile[];
    reader?: Pick<Reader, 'id' | 'check'>;
  };
  /**
   * Tells the reader, if it runs. A proxy is waited for, and its worker before for `handover`
   * milliseconds.
   */
  'config.reload': {
    reader: Pick<Reader, 'id' | 'signal'>;
    proxy?: ProxySpec;
    handover?: number;
  };
  /** Keeps new requests from the servers that go, and lets those under way end; `limit` in milliseconds. */
  'config.drain': { proxy: ProxySpec; servers: string[]; limit: number };
  /** Until the proxy finds the servers that come well; `limit` in milliseconds. */
  'config.await': { proxy: ProxySpec; servers: string[]; limit: number };
  /** Takes away files that the text names no more; paths. */
  'config.discard': { paths: string[] };
  'config.remove': { dir: string };
}
