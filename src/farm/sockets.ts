import type { FarmEntry } from '../model/config.js';
import { ownPorts, placeText, socketVariable } from '../model/publish.js';

type ProxyEntry = FarmEntry['proxy'];

/**
 * How a proxy listens on the host: it is started with sockets that listen there, and a variable
 * says which descriptor is which (`fd@3`; HAProxy 2.6 Configuration Manual, `bind`). Where the
 * variable is missing, in a check of the text and until a proxy with other ports is started anew,
 * it listens where nobody asks.
 */
export function presetLines(proxy: ProxyEntry): string[] {
  return ownPorts(proxy).map(
    (each) => `    presetenv ${socketVariable(each)} 127.0.0.1:${each.published}`,
  );
}

/** @param words what follows the address, with a space before */
export function socketLines(proxy: ProxyEntry, target: number, words = ''): string[] {
  return ownPorts(proxy)
    .filter((each) => each.target === target)
    .map(
      (each) => `    bind "\${${socketVariable(each)}}"${words} # ${placeText(each)} of the host`,
    );
}
