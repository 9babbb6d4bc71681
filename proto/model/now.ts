/**
 * Time as an argument. The core has no clock: every input carries both readings.
 * All timers count in `monoMs`, which never decreases; `wallMs` is only recorded, or compared with
 * times that an operator gave. Both in milliseconds; `monoMs` from any origin, `wallMs` since 1970 UTC.
 */
export interface Now {
  readonly monoMs: number;
  readonly wallMs: number;
}
