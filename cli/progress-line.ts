/** A bar with the time that is left, on stderr, only on a terminal. */
export function progressLine(name: string): {
  show(fraction: number, text: string): void;
  clear(): void;
} {
  if (process.stderr.isTTY !== true) return { show: () => {}, clear: () => {} };
  const begunMs = performance.now();
  const width = 30;
  return {
    show(fraction, text) {
      const full = Math.round(Math.min(1, fraction) * width);
      const bar = `${"#".repeat(full)}${".".repeat(width - full)}`;
      const goneMs = performance.now() - begunMs;
      const leftMs = fraction > 0 ? (goneMs * (1 - fraction)) / fraction : Number.NaN;
      const left = leftMs > 0 ? `, ${Math.ceil(leftMs / 1_000)} s left` : "";
      process.stderr.write(
        `\r\x1b[2K${name} [${bar}] ${Math.floor(fraction * 100)} %  ${text}${left}`,
      );
    },
    clear() {
      process.stderr.write("\r\x1b[2K");
    },
  };
}
