/**
 * Exponential, logarithm and sine from additions, multiplications and divisions of doubles alone. IEEE 754 fixes
 * those to the bit, so the results are the same on every machine and version of the engine; those of `Math` are not.
 */

const LN2_HIGH = 0.6931471803691238; // The upper 32 bits of ln 2: times a small integer it is exact.
const LN2_LOW = 1.9082149292705877e-10;

/** e^x; Infinity above 709, 0 below -708. Relative error below 1e-15 near 0, 1e-13 at the ends. */
export function exactExp(x: number): number {
  if (x > 709) return Infinity;
  if (x < -708) return 0;
  const power = Math.floor(x * Math.LOG2E + 0.5);
  const rest = x - power * LN2_HIGH - power * LN2_LOW; // Within half of ln 2 around 0.
  let sum = 1;
  for (let term = EXP_TERMS; term >= 1; term--) sum = 1 + (sum * rest) / term;
  return scaled(sum, power);
}

/** 0.3466^18 / 18! is below 2^-53 by far. */
const EXP_TERMS = 18;

/** The natural logarithm of a number above 0. Relative error below 1e-14, but for x close to 1 below 1e-15 in all. */
export function exactLn(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : Number.NaN;
  if (x === Infinity) return Infinity;
  let power = 0;
  let mantissa = x;
  while (mantissa >= Math.SQRT2) {
    mantissa /= 2; // Exact.
    power++;
  }
  while (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    power--;
  }
  const s = (mantissa - 1) / (mantissa + 1); // At most 0.1716: ln m = 2 (s + s^3/3 + s^5/5 + ...)
  const square = s * s;
  let sum = 0;
  for (let odd = LN_TERMS; odd >= 1; odd -= 2) sum = sum * square + 1 / odd;
  return power * LN2_HIGH + (power * LN2_LOW + 2 * s * sum);
}

const LN_TERMS = 25;

/** The sine of a whole turn: 0 at 0, 1 at 0.25, -1 at 0.75. Absolute error below 1e-12. */
export function exactWave(turns: number): number {
  let turn = turns - Math.floor(turns);
  // The first quarter says it all.
  let sign = 1;
  if (turn >= 0.5) {
    turn -= 0.5;
    sign = -1;
  }
  if (turn > 0.25) turn = 0.5 - turn;
  const angle = turn * 6.283185307179586;
  const square = angle * angle;
  let sum = 1;
  for (let term = WAVE_TERMS; term >= 2; term -= 2) sum = 1 - (sum * square) / (term * (term + 1));
  return sign * angle * sum;
}

const WAVE_TERMS = 18;

/** value * 2^power, exact while the result is a normal number. */
function scaled(value: number, power: number): number {
  let result = value;
  let left = power < 0 ? -power : power;
  let factor = power < 0 ? 0.5 : 2;
  while (left > 0) {
    if (left % 2 === 1) result *= factor;
    factor *= factor;
    left = Math.floor(left / 2);
  }
  return result;
}
