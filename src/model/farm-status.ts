/**
 * The status of a farm as reported by its proxy; `baleine farm status --json` prints a list of
 * these.
 */
export interface FarmStatus {
  name: string;
  stack: string;
  /** Name of the proxy's container. */
  proxy: string;
  /** Why the proxy does not answer; then there are no counts, and the servers are `unknown`. */
  silent?: string;
  /** Traffic from clients to the proxy, counted since it last loaded its configuration. */
  traffic?: FarmTraffic;
  servers: FarmServer[];
}

export interface FarmTraffic {
  /** Open now. */
  sessions: number;
  sessions_total: number;
  /** 0 in tcp mode, which only counts sessions. */
  requests: number;
  /** Requests (in tcp mode: sessions) in the last second. */
  rate: number;
  /** 5xx responses to clients (in tcp mode: failed connections to a server). */
  errors: number;
  received_bytes: number;
  sent_bytes: number;
}

/** `maintenance`: disabled by an operator; it gets no requests and is not checked. */
export type ServerState = 'up' | 'down' | 'draining' | 'maintenance' | 'unknown';

export interface FarmServer {
  /** Name of the server's container. */
  name: string;
  state: ServerState;
  /** Absent while the proxy does not answer or does not know the server. */
  traffic?: ServerTraffic;
  /** Seconds in this state. */
  since?: number;
  /** Result of the last check, `L7OK 200` or `L4CON Connection refused`. */
  check?: string;
}

export interface ServerTraffic {
  sessions: number;
  sessions_total: number;
  requests: number;
  /** Sessions in the last second. */
  rate: number;
  /**
   * Failed connections, broken responses and 5xx responses. Most cause no error for a client,
   * because the proxy retries on another server.
   */
  errors: number;
  /** Requests queued for this server. */
  queued: number;
}
