/** Colors by name, for light and dark screens; the same in pictures and on the page. */
const PALETTE = {
  ground: ['#f6f7f9', '#0e1319'],
  card: ['#ffffff', '#171d26'],
  edge: ['#d5dbe4', '#2d3745'],
  text: ['#17202c', '#e7ecf3'],
  muted: ['#5d6878', '#9aa7b8'],
  good: ['#187a41', '#4fc78d'],
  wait: ['#9a5f00', '#e5ab45'],
  bad: ['#c0281e', '#ff8378'],
  'bad-ground': ['#fdecea', '#371a1b'],
  'bad-edge': ['#e2988f', '#83383a'],
  idle: ['#5d6878', '#9aa7b8'],
  'line-0': ['#2f62c9', '#7ba6ff'],
  'line-1': ['#7a4bd0', '#b99dff'],
  'line-2': ['#0c7f80', '#4fc6c2'],
  'line-3': ['#b93a77', '#f08ab8'],
  'line-4': ['#87583a', '#d3a582'],
  'line-5': ['#526779', '#a3b6c8'],
  'bar-0': ['#e3ebfa', '#1a2947'],
  'bar-1': ['#ece5fa', '#2a2248'],
  'bar-2': ['#d9efee', '#11323a'],
  'bar-3': ['#f8e3ed', '#3b2031'],
  'bar-4': ['#f1e7de', '#352920'],
  'bar-5': ['#e5eaef', '#242e39'],
} as const;

/** More bridges than this reuse colors. */
export const LINES = 6;

/** The declarations that `var(--NAME)` refers to. */
export function variables(): string {
  const all = (which: 0 | 1) =>
    Object.entries(PALETTE)
      .map(([name, colors]) => `--${name}:${colors[which]}`)
      .join(';');
  return `:root{color-scheme:light dark;${all(0)}}\n@media (prefers-color-scheme:dark){:root{${all(1)}}}\n`;
}

/** A style sheet with literal colors, for SVG programs that do not support variables. */
export function spelledOut(css: string): string {
  const as = (which: 0 | 1) =>
    css.replace(/var\(--([\w-]+)\)/g, (all, name: keyof typeof PALETTE) =>
      name in PALETTE ? PALETTE[name][which] : all,
    );
  return `${as(0)}@media (prefers-color-scheme:dark){\n${as(1)}}\n`;
}
