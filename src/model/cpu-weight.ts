/**
 * Cgroup v2 has a weight (1–10000, default 100) where v1 has shares (2–262144, default 1024). The
 * OCI runtimes map the ranges onto each other in a line, and so do we. A weight stands for about
 * 26 shares: compare shares as weights on such a host.
 *
 * Source: crun(1), "CPU controller"; opencontainers/cgroups ConvertCPUSharesToCgroupV2Value.
 */
export function weightOfShares(shares: number): number {
  return 1 + Math.floor(((shares - 2) * 9999) / 262142);
}

/** The least shares that make this weight. */
export function sharesOfWeight(weight: number): number {
  return 2 + Math.ceil(((weight - 1) * 262142) / 9999);
}
