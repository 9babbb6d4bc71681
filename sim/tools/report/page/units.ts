/** What a number of a report is, and so how people read it. */
export type Unit = "ms" | "us" | "count" | "perSecond" | "fraction";

/** As short as it may be while it still tells: `1.25 s`, `340 µs`, `12,400`, `63.2 %`. */
export function format(value: number, unit: Unit): string {
  switch (unit) {
    case "ms":
      return formatMs(value);
    case "us":
      return value < 1_000 ? `${significant(value)} µs` : formatMs(value / 1_000);
    case "count":
      return formatCount(value);
    case "perSecond":
      return `${value < 100 ? significant(value) : formatCount(Math.round(value))}/s`;
    case "fraction":
      return `${significant(value * 100)} %`;
  }
}

/** With thousands apart. */
export function formatCount(value: number): string {
  const [whole = "0", part] = String(value).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return part === undefined ? grouped : `${grouped}.${part}`;
}

/** In the largest unit that leaves at least one: `12 ms`, `4.2 s`, `3 min 20 s`, `16 h 36 min`. */
export function formatMs(ms: number): string {
  if (ms < 1_000) return `${significant(ms)} ms`;
  if (ms < 120_000) return `${significant(ms / 1_000)} s`;
  if (ms < 7_200_000) return twoUnits(ms / 1_000, 60, "min", "s");
  if (ms < 172_800_000) return twoUnits(ms / 60_000, 60, "h", "min");
  return twoUnits(ms / 3_600_000, 24, "d", "h");
}

/** MiB, or GiB from ten of them on. */
export function formatMib(mib: number): string {
  return mib >= 10_240 ? `${(mib / 1_024).toFixed(1)} GiB` : `${Math.round(mib)} MiB`;
}

/** An amount in thousandths, by the name of its scalar: `3,200 cpus`, `1.5 TiB mem`. */
export function formatAmount(name: string, milli: number): string {
  const amount = milli / 1_000;
  if (name !== "mem" && name !== "disk") return `${formatCount(rounded(amount, 1))} ${name}`;
  if (amount >= 1_048_576) return `${rounded(amount / 1_048_576, 1)} TiB ${name}`;
  return amount >= 1_024
    ? `${rounded(amount / 1_024, 1)} GiB ${name}`
    : `${rounded(amount, 0)} MiB ${name}`;
}

function twoUnits(value: number, per: number, large: string, small: string): string {
  const whole = Math.round(value);
  const rest = whole % per;
  const first = `${Math.floor(whole / per)} ${large}`;
  return rest === 0 ? first : `${first} ${rest} ${small}`;
}

/** Three digits that count, without zeros behind. */
function significant(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return Math.abs(value) < 0.01 ? value.toPrecision(2) : String(rounded(value, digits));
}

function rounded(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
