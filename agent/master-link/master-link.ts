import type { AgentToMaster } from "@bourse/model/agent-messages";
import { ClusterError } from "@bourse/model/errors";
import type { SessionId } from "@bourse/model/ids";
import type { Random } from "@bourse/model/random";
import type { OpenRelay } from "@bourse/model/relay";
import type { AgentDownlink } from "@bourse/proto/wire/services";
import { decodeRunSpec } from "@bourse/proto/wire/task";
import type { AgentInput, LaunchedTask } from "@bourse/task/inputs";
import type { Client } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { connectMaster } from "./master-channel.ts";
import { MasterSession } from "./master-session.ts";

export interface MasterLinkOptions {
  /** `host:port`, tried one after the other. */
  readonly masters: readonly string[];
  readonly random: Random;
  readonly log: Logger;
  readonly onInput: (input: AgentInput) => void;
  readonly onRelay: (client: Client, relay: OpenRelay) => void;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** First wait after a failure; doubles up to the longest. A whole cluster of agents comes at a random time in it. */
const RETRY_MS = 200;
const RETRY_MAX_MS = 5_000;

/**
 * Keeps one session with a master: goes through the list until one answers, numbers the sessions, and tells the
 * core when they open and close. Whether to register, believe or leave a master is the core's decision.
 */
export class MasterLink {
  readonly #options: MasterLinkOptions;
  #session: MasterSession | null = null;
  #sessionCount = 0;
  #masterIndex = 0;
  #failureCount = 0;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;
  #isPaused = false;

  constructor(options: MasterLinkOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#connect();
  }

  /** A message of a session that is over goes nowhere: what must arrive is sent again on the next. */
  send(session: SessionId, message: AgentToMaster): void {
    if (this.#session?.id === session) this.#session.send(message);
  }

  /** Leaves this session for the next master of the list. */
  reconnect(session: SessionId, cause: string): void {
    if (this.#session?.id === session) this.#session.close(cause);
  }

  /** Holds for sessions to come too. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#session?.setPaused(isPaused);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#session?.close("the agent ends");
  }

  async #connect(): Promise<void> {
    const { masters, log } = this.#options;
    const address = masters[this.#masterIndex % masters.length] ?? "";
    try {
      const client = await connectMaster(address, CONNECT_TIMEOUT_MS, this.#options.random);
      if (this.#isClosed) client.close();
      else this.#open(client, address);
    } catch (thrown) {
      // Told at the first failure only: a master that is down for an hour is one line, not a thousand.
      const isNews = this.#failureCount === 0;
      log[isNews ? "warn" : "debug"]({ master: address }, ClusterError.from(thrown).message);
      this.#failureCount++;
      this.#connectLater();
    }
  }

  #open(client: Client, address: string): void {
    const id = ++this.#sessionCount;
    const { log, onInput } = this.#options;
    log.info({ master: address, session: id }, "connected");
    const session = new MasterSession(id, client, {
      onMessage: (message) => {
        // The count starts anew only when the master really talks, not when it only takes connections.
        this.#failureCount = 0;
        this.#deliver(id, client, message);
      },
      onClosed: (cause) => {
        if (this.#session !== session) return;
        this.#session = null;
        if (!this.#isClosed) log.warn({ master: address, session: id, cause }, "disconnected");
        this.#failureCount++;
        onInput({ kind: "link-down", session: id, cause });
        this.#connectLater();
      },
    });
    this.#session = session;
    if (this.#isPaused) session.setPaused(true);
    onInput({ kind: "link-up", session: id });
  }

  #connectLater(): void {
    if (this.#isClosed) return;
    this.#masterIndex++;
    const doublings = Math.min(this.#failureCount - 1, 10);
    const longestMs = Math.min(RETRY_MS * 2 ** doublings, RETRY_MAX_MS);
    const waitMs = Math.floor(this.#options.random.fraction() * longestMs);
    this.#timer = setTimeout(() => void this.#connect(), waitMs);
  }

  #deliver(session: SessionId, client: Client, message: AgentDownlink): void {
    const { onInput, onRelay } = this.#options;
    switch (message.kind) {
      case "open-relay":
        onRelay(client, message);
        return;
      case "launch": {
        const tasks = message.tasks.map(decodeLaunch);
        onInput({ kind: "launch", session, framework: message.framework, tasks });
        return;
      }
      default:
        onInput({ kind: "master", session, message });
    }
  }
}

/** A payload that cannot be decoded is an outcome for its framework, never the end of the session. */
function decodeLaunch(task: LaunchedTask["task"]): LaunchedTask {
  try {
    return { task, run: decodeRunSpec(task) };
  } catch (thrown) {
    return { task, run: { refusal: ClusterError.from(thrown).toRefusal() } };
  }
}
