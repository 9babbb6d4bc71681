import type { OperatorClient } from "./client.ts";
import type { Context } from "./context.ts";

/** Changes that come close together are drawn once. */
const GATHER_MS = 250;

/**
 * Draws once, or with --watch again after every change of the cluster until Ctrl-C: the event stream says when, so
 * nothing is polled. On a terminal the screen is redrawn in place; otherwise drawings follow each other.
 */
export async function drawOrWatch(
  context: Context,
  client: OperatorClient,
  draw: () => Promise<string>,
): Promise<void> {
  if (!context.isWatching) {
    process.stdout.write(await draw());
    return;
  }
  const { master } = await client.query({ kind: "master" }, "master");
  const events = client.events({ epoch: master.epoch, sequence: master.sequence });
  const onInterrupt = (): void => events.cancel();
  process.once("SIGINT", onInterrupt);
  let isChanged = true;
  let wake: () => void = () => {};
  const done = (async () => {
    for await (const _ of events) {
      isChanged = true;
      wake();
    }
  })().finally(() => {
    isEnded = true;
    wake();
  });
  let isEnded = false;
  try {
    while (!isEnded) {
      if (isChanged) {
        isChanged = false;
        const clear = process.stdout.isTTY === true ? "\x1b[H\x1b[2J" : "";
        process.stdout.write(`${clear}${await draw()}`);
        await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    await done;
  } finally {
    process.removeListener("SIGINT", onInterrupt);
    events.cancel();
  }
}
