/** One thing looked at. */
export interface Finding {
  name: string;
  /** `fail`: containers cannot run; `warn`: something will be missed. */
  status: 'ok' | 'warn' | 'fail';
  /** What there is, one line. */
  detail: string;
  /** The command or setting that mends it. */
  fix?: string;
}

export const ok = (name: string, detail: string): Finding => ({ name, status: 'ok', detail });

export const warn = (name: string, detail: string, fix: string): Finding => ({
  name,
  status: 'warn',
  detail,
  fix,
});

export const fail = (name: string, detail: string, fix: string): Finding => ({
  name,
  status: 'fail',
  detail,
  fix,
});
