import { findProgram } from '../process/programs.js';
import { runSync } from '../process/run.js';

/**
 * Why a runtime runs no WebAssembly modules, or not in this engine; undefined if it does, or is not
 * installed, which is another problem.
 *
 * @param engine true for any
 */
export function wasmProblem(runtime: string, engine: string | true): string | undefined {
  const path = findProgram(runtime);
  if (path === undefined) return `${runtime}, which runs WebAssembly modules, is not installed`;
  const { name, engines } = wasmEngines(runtime, path);
  if (engine === true ? engines.length > 0 : engines.includes(engine)) return undefined;
  const sign = `\`${runtime} --version\` shows +WASM:${engine === true ? 'wasmedge or another' : engine}`;
  const found = engines.length > 0 ? ` in ${engines.join(', ')}, not in ${engine}` : '';
  const does = found ? 'runs WebAssembly modules' : 'runs no WebAssembly modules';
  return `${name} ${does}${found}: install a crun whose ${sign}`;
}

/** The WebAssembly engines that a runtime is built with, and its name with its version. */
export function wasmEngines(runtime: string, path: string): { name: string; engines: string[] } {
  const { stdout } = runSync(path, ['--version'], { reject: false });
  const engines = [...stdout.matchAll(/\+WASM:(\w+)/g)].map(([, engine = '']) => engine);
  const version = /\d+(\.\d+)+\S*/.exec(stdout)?.[0];
  return { name: version === undefined ? runtime : `${runtime} ${version}`, engines };
}
