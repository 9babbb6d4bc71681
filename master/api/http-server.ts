import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import fastify, { type FastifyInstance } from "fastify";

export interface HttpOptions {
  /** What `/` tells: enough to see what answers here. */
  about(): object;
  /** In Prometheus' text format. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Nobody has reason to send more until the Mesos API comes. */
const BODY_BYTES_MAX = 1 << 20;

/** The HTTP/1 side of the one port: `/health`, `/metrics`, and what this is. It never listens by itself. */
export class HttpApi {
  readonly #app: FastifyInstance;
  readonly #server: Server;

  private constructor(app: FastifyInstance, server: Server) {
    this.#app = app;
    this.#server = server;
  }

  static async open(options: HttpOptions): Promise<HttpApi> {
    let server: Server | undefined;
    const app = fastify({
      bodyLimit: BODY_BYTES_MAX,
      forceCloseConnections: true,
      serverFactory: (handler) => {
        server = createServer(handler);
        return server;
      },
    });
    app.get("/health", async (_request, reply) => reply.code(200).send());
    app.get("/metrics", async (_request, reply) => {
      const { contentType, text } = await options.metrics();
      return reply.header("content-type", contentType).send(text);
    });
    app.get("/", async () => options.about());
    app.setNotFoundHandler(async (request, reply) =>
      reply.code(404).send({
        code: "not_found",
        message: `${request.method} ${request.url.slice(0, 200)}: there is nothing here`,
        hint: "HTTP has /, /health and /metrics; everything else is gRPC on the same port",
      }),
    );
    await app.ready();
    return new HttpApi(app, server as Server);
  }

  accept(socket: Socket): void {
    this.#server.emit("connection", socket);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await this.#app.close();
  }
}
