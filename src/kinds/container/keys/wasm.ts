import { plainKey } from './key.js';

/** The WebAssembly runtimes that crun can be built with, by their names there. */
const ENGINES = ['wasmedge', 'wasmtime', 'wasmer', 'wamr'] as const;
type Engine = (typeof ENGINES)[number];

export const wasm = plainKey({
  schema: {
    description: `Its command is a WebAssembly module, which crun runs: \`true\` in the WebAssembly runtime that crun is built with, or in the one with this name. crun runs no other program in such a container: no health check by \`exec\`, no hooks, no \`init\`.`,
    enum: [true, false, ...ENGINES],
    errorMessage: `must be true, false, or one of ${ENGINES.join(', ')}`,
  },
  read: (raw: boolean | Engine | undefined) => raw || undefined,
  change: 'replace',
  release: true,
  // as in crun's documentation of handlers; `wasm` is another name of each of them
  oci: (engine) => ({ annotations: { 'run.oci.handler': engine === true ? 'wasm' : engine } }),
  flag: { flags: '--wasm', help: 'its command is a WebAssembly module' },
});

/** The OCI runtime that a container must have; undefined for the first that works. */
export const runtimeNameOf = ({ runtime, wasm }: { runtime?: string; wasm?: boolean | string }) =>
  runtime ?? (wasm ? 'crun' : undefined);
