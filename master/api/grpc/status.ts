import { callStatusOf } from "@bourse/proto/wire/call-status";
import { Metadata, type StatusObject } from "@grpc/grpc-js";

/** An error in the form that grpc-js ends a call with. */
export function statusOf(thrown: unknown): Error & StatusObject {
  const status = callStatusOf(thrown);
  const metadata = new Metadata();
  for (const [key, value] of status.metadata) metadata.set(key, value);
  return Object.assign(new Error(status.details), { ...status, metadata });
}
