import { createDriver, isTerminal, launch } from "@bourse/sdk";

// Runs N containers of an image and waits until all have ended:
//   node frameworks/example/dist/main.js --master 127.0.0.1:5050 3 IMAGE [COMMAND...]
const words = process.argv.slice(2);
const master = words[0] === "--master" ? words.splice(0, 2)[1] : "127.0.0.1:5050";
const [count = "1", image, ...command] = words;
if (master === undefined || image === undefined) {
  console.error("usage: main.js [--master HOST:PORT] COUNT IMAGE [COMMAND...]");
  process.exit(2);
}
const waiting = Array.from({ length: Number(count) }, (_, index) => `run-${process.pid}-${index}`);
const running = new Set(waiting);
const what = { image, cpus: 0.1, mem: 32, ...(command.length > 0 ? { command } : {}) };

const driver = createDriver({ masters: [master], framework: { name: "example" } });
driver.on("offers", ({ offers }) => {
  for (const offer of offers) {
    const taskId = waiting.at(-1);
    if (taskId === undefined) return driver.suppress();
    const task = { taskId, ...what };
    if (offer.fit(task).isFit) offer.accept(launch(task));
    if (offer.isAnswered) waiting.pop();
  }
});
driver.on("update", async ({ status }) => {
  console.log(status.taskId, status.state, status.message ?? "");
  if (isTerminal(status.state)) running.delete(status.taskId);
  if (running.size === 0) setImmediate(() => driver.stop({ teardown: true }));
});
await driver.start();
await driver.ended;
