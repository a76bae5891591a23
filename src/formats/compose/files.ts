import type { Entry } from '../../config/document.js';
import { below, fieldsOf, mapping, mappingOf } from '../entries.js';
import {
  noEffect,
  type Rows,
  refused,
  same,
  type Translation,
  translated,
  translateKeys,
} from './rows.js';
import { isTrue } from './values.js';

/** Top-level secrets. */
export const SECRET_ROWS: Rows = {
  name: noEffect('services know it by its key'),
  environment: same('environment'),
  file: same('file'),
  external: translated('`false`; others are refused', (value, { loading }) => {
    if (mappingOf(value) || isTrue(value)) {
      const hint = 'name its file: file: ./NAME';
      loading.problems.of(value, 'there is no store that an external one could come from', hint);
    }
    return {};
  }),
  'external.name': translated('refused, with `external`'),
  labels: noEffect('files have no labels'),
  driver: refused('there are no drivers', 'name its file: file: ./NAME'),
  driver_opts: refused('there are no drivers', 'name its file: file: ./NAME'),
  template_driver: refused('there are no drivers', 'write the file as it should be'),
};

const { driver: _driver, driver_opts: _options, ...SHARED_ROWS } = SECRET_ROWS;

/** Top-level configs. */
export const CONFIG_ROWS: Rows = { ...SHARED_ROWS, content: same('content') };

/** A secret or config; `x-baleine` has keys of baleine.yaml. */
export function fileOf(file: Entry, rows: Rows, to: Translation): Entry {
  if (!mappingOf(file)) return file;
  const extra = fieldsOf(below(file, 'x-baleine'));
  return mapping(file, [...Object.entries(translateKeys(file, rows, to)), ...extra]);
}
