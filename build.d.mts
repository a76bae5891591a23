export function bundle(outdir: string): Promise<Record<string, string[]>>;
