import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

/** A browser that does nothing by itself: no updates, no sync, no first run. */
const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync", "--no-first-run", "--hide-scrollbars"],
  "--remote-debugging-pipe",
];

export function hasChromium(): boolean {
  return spawnSync("chromium", ["--version"], { stdio: "ignore" }).status === 0;
}

type Fields = Readonly<Record<string, unknown>>;

interface Waiting {
  resolve(result: Fields): void;
  reject(error: Error): void;
}

/**
 * Debian's chromium, spoken to through a pipe in its DevTools protocol: messages are JSON with a zero byte behind. One
 * page; what its console says and what it asks the network for is kept.
 */
export class Chromium {
  /** Errors and warnings of the page, thrown or printed. */
  readonly complaints: string[] = [];
  /** Addresses that the page asked for, its own file included. */
  readonly requests: string[] = [];
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, Waiting>();
  readonly #loads: (() => void)[] = [];
  #session: string | null = null;
  #last = 0;
  #rest = "";

  static async start(): Promise<Chromium> {
    const browser = new Chromium();
    const { targetId } = await browser.call("Target.createTarget", { url: "about:blank" });
    const attached = await browser.call("Target.attachToTarget", { targetId, flatten: true });
    browser.#session = String(attached.sessionId);
    for (const domain of ["Page", "Runtime", "Network", "Log"])
      await browser.call(`${domain}.enable`);
    return browser;
  }

  private constructor() {
    this.#profile = mkdtempSync(join(tmpdir(), "bourse-chromium-"));
    this.#process = spawn("chromium", [...FLAGS, `--user-data-dir=${this.#profile}`], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    });
    (this.#process.stdio[4] as Readable).on("data", (bytes: Buffer) => this.#heard(bytes));
    this.#process.on("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("chromium has ended"));
    });
  }

  call(method: string, params: Fields = {}): Promise<Fields> {
    this.#last += 1;
    const id = this.#last;
    const sessionId = this.#session === null ? {} : { sessionId: this.#session };
    (this.#process.stdio[3] as Writable).write(
      `${JSON.stringify({ id, method, params, ...sessionId })}\0`,
    );
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  async open(file: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => this.#loads.push(resolve));
    await this.call("Page.navigate", { url: `file://${file}` });
    await loaded;
    await this.evaluate(
      "new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))",
    );
  }

  async evaluate(expression: string): Promise<unknown> {
    const answer = await this.call("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (answer.exceptionDetails !== undefined)
      throw new Error(`in the page: ${JSON.stringify(answer.exceptionDetails)}`);
    return (answer.result as Fields).value;
  }

  /** So wide, and as the system would be set. */
  async look(width: number, height: number, scheme: "light" | "dark"): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: false };
    await this.call("Emulation.setDeviceMetricsOverride", metrics);
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.call("Emulation.setEmulatedMedia", { features });
  }

  /** A PNG of the page from `top` on. */
  async picture(top: number, width: number, height: number): Promise<Buffer> {
    const clip = { x: 0, y: top, width, height, scale: 1 };
    const { data } = await this.call("Page.captureScreenshot", {
      clip,
      captureBeyondViewport: true,
    });
    return Buffer.from(String(data), "base64");
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#session = null;
    this.call("Browser.close").catch(() => {});
    const late = setTimeout(() => this.#process.kill("SIGKILL"), 5_000);
    await ended;
    clearTimeout(late);
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  #heard(bytes: Buffer): void {
    const messages = (this.#rest + bytes.toString("utf8")).split("\0");
    this.#rest = messages.pop() ?? "";
    for (const text of messages) this.#take(JSON.parse(text) as Fields);
  }

  #take({ id, method, params, result, error }: Fields): void {
    if (typeof id === "number") {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve((result ?? {}) as Fields);
      else waiting?.reject(new Error(JSON.stringify(error)));
      return;
    }
    const about = (params ?? {}) as Fields;
    switch (method) {
      case "Page.loadEventFired":
        this.#loads.shift()?.();
        return;
      case "Network.requestWillBeSent":
        this.requests.push(String((about.request as Fields).url));
        return;
      case "Runtime.exceptionThrown":
      case "Log.entryAdded":
        this.complaints.push(JSON.stringify(about));
        return;
      case "Runtime.consoleAPICalled":
        if (about.type === "error" || about.type === "warning")
          this.complaints.push(JSON.stringify(about.args));
        return;
    }
  }
}
