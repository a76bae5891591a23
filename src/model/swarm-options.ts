/** How a file has its stack on a Docker Swarm. */
export interface SwarmOptions {
  /** `unix:///run/docker.sock`, `tcp://manager:2376`; absent: as in the environment. */
  host?: string;
  /** An absolute folder. */
  certificates?: string;
  /** `registry.example:5000/team`; absent: images are loaded into the nodes. */
  registry?: string;
  /** The nodes get this host's logins for registries. */
  registry_auth: boolean;
  /** Engines of other nodes, by their names. */
  nodes: Record<string, string>;
  encrypted: boolean;
}
