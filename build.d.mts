export function bundle(outdir: string): Promise<Record<string, string[]>>;

/** Where V8's own form of a file is. */
export function cacheOf(code: string): string;
