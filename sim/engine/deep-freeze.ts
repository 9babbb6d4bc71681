/**
 * Freezes plain data all the way down, so that a core that changes what it gave away, or what it was given, throws.
 * Bytes cannot be frozen and are left as they are.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  if (value instanceof Map) {
    for (const [key, item] of value) {
      deepFreeze(key);
      deepFreeze(item);
    }
  }
  for (const item of Object.values(value)) deepFreeze(item);
  return value;
}
