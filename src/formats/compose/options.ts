import type { Entry } from '../../config/document.js';
import { below, fieldsOf, isNull, itemsOf, mapping, scalar, sequence, textOf } from '../entries.js';
import type { Fields, Translation } from './rows.js';
import { durationOf, isTrue, numberOf } from './values.js';

// Keys of a service whose values have another form in baleine.yaml.

/** Compose's defaults are longer than ours. */
export function healthCheckOf(value: Entry, { loading: { problems } }: Translation): Fields {
  const test = below(value, 'test');
  const words = test && itemsOf(test)?.map((each) => textOf(each) ?? '');
  if (
    isTrue(below(value, 'disable')) ||
    words?.[0] === 'NONE' ||
    (test && textOf(test) === 'NONE')
  ) {
    return { healthcheck: mapping(value, [['disable', scalar(value, true)]]) };
  }
  const time = (key: string, other?: string) => {
    const found = below(value, key);
    if (found && !isNull(found)) return durationOf(found, problems);
    return other === undefined ? undefined : scalar(value, other);
  };
  const retries = below(value, 'retries');
  const times: [string, Entry | undefined][] = [
    ['interval', time('interval', test ? '30s' : undefined)],
    ['timeout', time('timeout', test ? '30s' : undefined)],
    ['start_period', time('start_period')],
    ['start_interval', time('start_interval')],
    ['retries', retries && numberOf(retries)],
  ];
  const exec = test && testOf(test, words, problems);
  return { healthcheck: mapping(value, [['exec', exec], ...times]) };
}

function testOf(
  test: Entry,
  words: string[] | undefined,
  problems: Translation['loading']['problems'],
): Entry | undefined {
  const shell = (text: Entry) =>
    sequence(test, [scalar(test, '/bin/sh'), scalar(test, '-c'), text]);
  if (!words) return shell(test);
  const [kind, ...rest] = itemsOf(test) ?? [];
  if (words[0] === 'CMD-SHELL' && rest[0]) return shell(rest[0]);
  if (words[0] === 'CMD' && rest.length > 0) return sequence(test, rest);
  problems.of(kind ?? test, 'a test begins with CMD, CMD-SHELL or NONE', 'test: [CMD, pg_isready]');
  return undefined;
}

export function loggingOf(value: Entry, { warnings }: Translation): Fields {
  const [driver, options] = [below(value, 'driver'), below(value, 'options')];
  const name = driver && textOf(driver);
  if (driver && name !== 'json-file' && name !== 'local') {
    const place = { at: driver.at, source: driver.source };
    warnings.add(place, `logging driver ${name} has no effect: baleine keeps logs itself`);
  }
  const size = options && below(options, 'max-size');
  for (const [key, { key: at, source }] of fieldsOf(options)) {
    if (key === 'max-size') continue;
    warnings.add({ at, source }, `logging option ${key} has no effect: baleine keeps logs itself`);
  }
  return size ? { logs: mapping(value, [['max_size', size]]) } : {};
}

export function securityOf(value: Entry, { loading, warnings }: Translation): Fields {
  const fields: Fields = {};
  for (const item of itemsOf(value) ?? []) {
    const text = textOf(item) ?? '';
    const [, key = text, , option = ''] = /^([a-z-]+)([:=](.*))?$/.exec(text) ?? [];
    const place = { at: item.at, source: item.source };
    if (key === 'no-new-privileges') {
      if (option === 'false')
        warnings.add(place, 'no-new-privileges:false has no effect: it is always on');
    } else if (key === 'seccomp') fields.seccomp = scalar(item, option);
    else if (key === 'apparmor') fields.apparmor = scalar(item, option);
    else if (key === 'label')
      warnings.add(place, 'label has no effect: x-baleine: {selinux: …} does');
    else if (key === 'systempaths' || key === 'writable-cgroups') {
      const hint = 'remove it';
      loading.problems.of(item, `security option ${text} is refused: it opens the host`, hint);
    } else {
      const hint = 'what there is: no-new-privileges, seccomp, apparmor, label';
      loading.problems.of(item, `unknown security option ${JSON.stringify(text)}`, hint);
    }
  }
  return fields;
}
