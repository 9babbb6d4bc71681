import { ClusterError } from "@bourse/model/errors";
import { decode, encode, type MessageCodec } from "./codec.ts";

/** A request from outside: a model value, or why it is none. Servers ask `isMalformed` first. */
export type Inbound<T> = T | ClusterError;

/**
 * One call of a gRPC service, in the form that grpc-js takes (server and client), over model values.
 * `requestDeserialize` hands a `ClusterError` over as a value, because grpc-js answers one that is thrown there with
 * INTERNAL and no reason; `responseDeserialize` throws it, and grpc-js puts its message into the status.
 */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => Inbound<Request>;
  readonly responseSerialize: (value: Response) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

export function isMalformed<T>(request: Inbound<T>): request is ClusterError {
  return request instanceof ClusterError;
}

export function method<Request, Response, Q extends boolean, S extends boolean>(options: {
  readonly path: string;
  readonly request: MessageCodec<Request>;
  readonly response: MessageCodec<Response>;
  readonly requestStream: Q;
  readonly responseStream: S;
}): Method<Request, Response> & { readonly requestStream: Q; readonly responseStream: S } {
  const { path, request, response, requestStream, responseStream } = options;
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: (value) => serialize(request, value),
    requestDeserialize: (bytes) => {
      try {
        return decode(request, bytes);
      } catch (error) {
        return ClusterError.from(error);
      }
    },
    responseSerialize: (value) => serialize(response, value),
    responseDeserialize: (bytes) => decode(response, bytes),
  };
}

/** The same memory as a Buffer: nothing is copied. */
function serialize<T>(codec: MessageCodec<T>, value: T): Buffer {
  const bytes = encode(codec, value);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
