/** Program header of the loader's name: elf(5), PT_INTERP. */
const PT_INTERP = 3;

/** Offsets in elf(5)'s Elf32_Ehdr, Elf32_Phdr and the 64-bit ones. */
const LAYOUT = {
  1: { word: 4, phoff: 28, phentsize: 42, phnum: 44, offset: 4, filesz: 16 },
  2: { word: 8, phoff: 32, phentsize: 54, phnum: 56, offset: 8, filesz: 32 },
} as const;

/** The loader a dynamic executable asks for; undefined for a static one and for what is no ELF file. */
export function interpreterOf(file: Buffer): string | undefined {
  if (file.length < 64 || file.toString('latin1', 0, 4) !== '\x7fELF') return undefined;
  const layout = LAYOUT[file[4] as 1 | 2];
  if (!layout) return undefined;
  const little = file[5] === 1;
  const half = (at: number) => (little ? file.readUInt16LE(at) : file.readUInt16BE(at));
  const word = (at: number) => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const long = (at: number) => Number(little ? file.readBigUInt64LE(at) : file.readBigUInt64BE(at));
  const address = layout.word === 8 ? long : word;
  for (let index = 0; index < half(layout.phnum); index++) {
    const header = address(layout.phoff) + index * half(layout.phentsize);
    if (word(header) !== PT_INTERP) continue;
    const start = address(header + layout.offset);
    return file.toString('utf8', start, start + address(header + layout.filesz) - 1);
  }
  return undefined;
}
