import { ClusterError, ERRORS } from "@bourse/model/errors";
import { Metadata, type StatusObject, status } from "@grpc/grpc-js";

/** The one conversion at the gRPC edge: code, message, and in the metadata our own code and the hint. */
export function statusOf(thrown: unknown): Error & StatusObject {
  const error = ClusterError.from(thrown);
  const metadata = new Metadata();
  metadata.set("bourse-code", error.code);
  if (error.hint !== undefined) metadata.set("bourse-hint", ascii(error.hint));
  const code = status[ERRORS[error.code].grpc];
  return Object.assign(new Error(error.message), { code, details: error.message, metadata });
}

/** Metadata carries printable ASCII only. */
function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, "?");
}
