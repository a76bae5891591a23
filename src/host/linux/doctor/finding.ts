/** Result of one check. */
export interface Finding {
  name: string;
  /** `fail`: containers cannot run; `warn`: a feature is missing. */
  status: 'ok' | 'warn' | 'fail';
  /** What was found, in one line. */
  detail: string;
  /** The command or setting that fixes it. */
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
