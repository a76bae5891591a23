import type { IdRange } from '../model/container-values.js';
import type { EgressSpec } from '../model/egress.js';
import type { LinkSpec, ProxySpec } from '../model/specs.js';

export interface Links {
  ensureBridge(wanted: DesiredBridge): Promise<void>;
  removeLink(name: string): Promise<void>;
  /**
   * Creates the network namespaces and veth pairs of any number of containers in a constant number
   * of processes. Returns one result per wiring, in order; an Error for each that failed.
   */
  wire(wirings: Wiring[]): Promise<(Error | undefined)[]>;
  /** Removes host ends (their peers go with them). */
  unwire(names: string[]): Promise<void>;
  /** Removes network namespaces, including veths left in them. */
  removeNetns(names: string[]): Promise<void>;
}

export interface DesiredBridge {
  link: string;
  alias: string;
  /** The host's address with prefix length. */
  address?: string;
  /** The same for IPv6; without it, a bridge without an uplink has no IPv6. */
  address6?: string;
  uplink?: string;
  /** The previous uplink, to be removed from the bridge. */
  release?: string;
  /** The previous IPv6 address of the host, with prefix length, to be removed. */
  release6?: string;
}

export type Withdrawn = Pick<LinkSpec, 'device' | 'gateway' | 'gateway6' | 'address6'>;

/** All links of one container, wired before its process starts or added while it runs. */
export interface Wiring {
  netns: string;
  links: LinkSpec[];
  /** A new namespace belongs to a new user namespace with these ids. */
  userns?: IdRange;
  /** Default routes and IPv6 addresses that it must not have any more. */
  withdrawn?: Withdrawn[];
  /** Makes it the way out of the bridge of its only link. */
  egress?: EgressSpec;
}

/** A running process that serves through a worker, as nginx does. */
export interface Masters {
  /**
   * Waits until it listens and has started its worker.
   *
   * @param limit milliseconds, after which it rejects; earlier if it has ended
   */
  awaitWorker(id: string, limit: number): Promise<void>;
  /** Makes it reload, if it runs; rejects if it keeps its old configuration. */
  reload(id: string, signal: string): Promise<void>;
}

/**
 * A running HAProxy, controlled through its command socket (Management Guide, 9.3). If it is not
 * running, there is nothing to change, and calls do nothing.
 */
export interface Proxies {
  /**
   * Checks a configuration with a HAProxy program of this host, against this host's files and
   * names. Empty if it accepts it; undefined if the program is missing or does not answer in time.
   *
   * @param program path or name
   */
  check(program: string, text: string): Promise<Fault[] | undefined>;
  runs(proxy: ProxySpec): Promise<boolean>;
  /**
   * Drains these servers: stops new requests, waits for running ones to end, then disconnects.
   *
   * @param limit milliseconds, after which it resolves anyway
   */
  drain(proxy: ProxySpec, servers: string[], limit: number): Promise<void>;
  /**
   * Lets a server receive requests again once the proxy finds it healthy.
   *
   * @param port where it listens now, overriding the proxy's configuration
   */
  admit(proxy: ProxySpec, server: string, port: number): Promise<void>;
  /**
   * Waits until the proxy finds these servers healthy, ignoring unknown ones.
   *
   * @param limit milliseconds, after which it rejects with the proxy's findings
   */
  awaitUp(proxy: ProxySpec, servers: string[], limit: number): Promise<void>;
  /**
   * Waits until a newly started proxy accepts commands, and thus connections.
   *
   * @param limit milliseconds, after which it rejects; earlier if the proxy has ended
   */
  awaitAnswer(proxy: Omit<ProxySpec, 'backend'>, limit: number): Promise<void>;
  /**
   * Makes it reload its configuration; rejects if it keeps running with the old one.
   *
   * @param handover milliseconds to wait for the old worker to end, with its requests and idle
   *   connections
   */
  reload(proxy: ProxySpec, signal: string, handover: number): Promise<void>;
}

/** One objection of HAProxy to a configuration. */
export interface Fault {
  /** In the configuration, from 1; absent for the whole. */
  line?: number;
  text: string;
}
