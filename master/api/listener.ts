import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { ClusterError } from "@bourse/model/errors";

export interface ListenAddress {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
}

/** Who takes over a connection, with everything that it said so far still unread. */
export interface ConnectionHandlers {
  onGrpc(socket: Socket): void;
  onHttp(socket: Socket): void;
}

/** The first bytes of HTTP/2 with prior knowledge; no HTTP/1 method begins so. */
const PREFACE = Buffer.from("PRI ");

/** A client that has said nothing by then never will. */
const SILENCE_MS_MAX = 10_000;

/**
 * One port for gRPC and HTTP/1: looks at the first bytes of each connection and hands it on, unread. What it
 * does not do: parse, answer, or know what the two sides are.
 */
export class Listener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #handlers: ConnectionHandlers | null = null;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Takes the port. Connections wait until `serve`, so that a port in use is known before anything is changed. */
  static open(where: ListenAddress): Promise<Listener> {
    const server = createServer({ noDelay: true });
    const listener = new Listener(server);
    server.on("connection", (socket) => listener.#accept(socket));
    return new Promise((resolve, reject) => {
      server.once("error", (error) => reject(refusal(where, error)));
      server.listen({ host: where.host, port: where.port }, () => {
        server.removeAllListeners("error");
        server.on("error", () => {}); // Of single connections (EMFILE): the next one may do.
        resolve(listener);
      });
    });
  }

  serve(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
    for (const socket of this.#sockets) this.#look(socket, handlers);
  }

  /** `host:port`, with brackets round an IPv6 host. */
  get address(): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
  }

  /** Takes no more connections; those that are open stay. */
  refuse(): void {
    this.#server.close();
  }

  /** Ends the connections that are still open. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    if (this.#handlers !== null) this.#look(socket, this.#handlers);
  }

  #look(socket: Socket, handlers: ConnectionHandlers): void {
    const timer = setTimeout(() => socket.destroy(), SILENCE_MS_MAX);
    socket.on("close", () => clearTimeout(timer));
    let seen = Buffer.alloc(0);
    const look = (): void => {
      const chunk: Buffer | null = socket.read();
      if (chunk !== null) seen = Buffer.concat([seen, chunk]);
      const isPreface = seen.subarray(0, 4).equals(PREFACE.subarray(0, seen.length));
      if (isPreface && seen.length < PREFACE.length) {
        // Given back only once it is decided: what is given back counts as readable at once.
        if (!socket.readableEnded && !socket.destroyed) socket.once("readable", look);
        return;
      }
      clearTimeout(timer);
      socket.unshift(seen);
      if (isPreface) handlers.onGrpc(socket);
      else handlers.onHttp(socket);
    };
    socket.once("readable", look);
  }
}

function refusal({ host, port }: ListenAddress, error: NodeJS.ErrnoException): ClusterError {
  const why = WHY[error.code ?? ""] ?? error.message;
  return new ClusterError("conflict", `listen on ${host}:${port}: ${why}`, { cause: error });
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program uses this port; stop it, or take another with --port",
  EACCES: "no permission for this port; take one above 1023 with --port",
  EADDRNOTAVAIL: "this machine has no such address; see `ip address`, or take 127.0.0.1",
  ENOTFOUND: "this name has no address; take an IP address",
};
