/** A farm as its proxy counts it; `baleine farm status --json` prints a list of these. */
export interface FarmStatus {
  name: string;
  stack: string;
  /** Name of the proxy's container. */
  proxy: string;
  /** Why the proxy tells nothing; then there are no counts, and the servers are `unknown`. */
  silent?: string;
  /** Of clients to the proxy. Counted since it last read its configuration. */
  traffic?: FarmTraffic;
  servers: FarmServer[];
}

export interface FarmTraffic {
  /** Open now. */
  sessions: number;
  sessions_total: number;
  /** Zero in tcp mode, where a session is all that is seen. */
  requests: number;
  /** Requests or, in tcp mode, sessions in the last second. */
  rate: number;
  /** Clients that were answered with 5xx or, in tcp mode, not connected to a server. */
  errors: number;
  received_bytes: number;
  sent_bytes: number;
}

/** `maintenance`: set aside by hand; it gets nothing, and is not checked. */
export type ServerState = 'up' | 'down' | 'draining' | 'maintenance' | 'unknown';

export interface FarmServer {
  /** Name of the server's container. */
  name: string;
  state: ServerState;
  /** Absent while its proxy is silent or does not know it. */
  traffic?: ServerTraffic;
  /** Seconds it has been in this state. */
  since?: number;
  /** What the last check found, `L7OK 200` or `L4CON Connection refused`. */
  check?: string;
}

export interface ServerTraffic {
  sessions: number;
  sessions_total: number;
  requests: number;
  /** Sessions in the last second. */
  rate: number;
  /** Failed connections, broken answers, and answers with 5xx. Most cost no client an error: they are tried again elsewhere. */
  errors: number;
  /** Waiting for it. */
  queued: number;
}
