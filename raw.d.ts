/** The text of a file, as build.mjs and vitest put it in. */
declare module '*?raw' {
  const text: string;
  export default text;
}
