import type { HealthCheckSpec } from "@bourse/model/container";
import type { HealthRecord } from "./task-entry.ts";

/** The check begins: the grace counts from here (it includes the delay, FEATURES M-59). */
export function startHealth(
  record: HealthRecord,
  spec: HealthCheckSpec,
  nowMs: number,
): HealthRecord {
  return {
    isInitializing: record.isInitializing,
    failureCount: 0,
    graceUntilMs: nowMs + spec.gracePeriodMs,
  };
}

/**
 * What one result of a health check means (FEATURES M-59): every failure is reported, but not within the grace
 * of a task that was never healthy; a success only when it is the first, or the first after failures; so many
 * failures in a row end the task.
 */
export function judgeHealth(
  record: HealthRecord,
  spec: HealthCheckSpec,
  result: { readonly nowMs: number; readonly isHealthy: boolean },
): { readonly record: HealthRecord; readonly isReported: boolean; readonly mustKill: boolean } {
  if (result.isHealthy) {
    return {
      record: { ...record, isInitializing: false, failureCount: 0 },
      isReported: record.isInitializing || record.failureCount > 0,
      mustKill: false,
    };
  }
  if (record.isInitializing && spec.gracePeriodMs > 0 && result.nowMs <= record.graceUntilMs) {
    return { record, isReported: false, mustKill: false };
  }
  const failureCount = record.failureCount + 1;
  return {
    record: { ...record, failureCount },
    isReported: true,
    mustKill: failureCount >= spec.consecutiveFailures,
  };
}
