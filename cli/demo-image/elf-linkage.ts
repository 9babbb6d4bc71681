const ELF_MAGIC = 0x7f454c46;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const PT_INTERP = 3;

/**
 * Whether a program runs alone or needs a loader and libraries, read from its ELF header: a dynamically linked
 * program has a PT_INTERP segment. Only 64-bit little-endian programs are recognised, all that our targets have.
 */
export function elfLinkage(program: Buffer): "static" | "dynamic" | "unknown" {
  if (program.length < 64 || program.readUInt32BE(0) !== ELF_MAGIC) return "unknown";
  if (program[4] !== CLASS_64 || program[5] !== LITTLE_ENDIAN) return "unknown";
  const tableOffset = Number(program.readBigUInt64LE(32));
  const entryBytes = program.readUInt16LE(54);
  const entryCount = program.readUInt16LE(56);
  for (let index = 0; index < entryCount; index++) {
    const at = tableOffset + index * entryBytes;
    if (at + 4 > program.length) return "unknown";
    if (program.readUInt32LE(at) === PT_INTERP) return "dynamic";
  }
  return "static";
}
