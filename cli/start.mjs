/**
 * `npm start`: installs and builds what is missing, then runs `bourse up`. Plain JavaScript on Node alone, because
 * nothing is installed yet on a fresh machine.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `bourse: Node ${process.versions.node} is too old: version 20.19 or later is needed`,
  );
  process.exit(1);
}

const lock = join(root, "package-lock.json");
const installed = join(root, "node_modules", ".package-lock.json");
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  console.error("bourse: installing (npm ci)");
  step("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}
console.error("bourse: building (tsc -b)");
step("npx", ["tsc", "-b"]);

// The command handles signals itself (Ctrl-C reaches it through the terminal's process group).
const child = spawn(
  process.execPath,
  [join(root, "cli", "bin", "bourse.js"), "up", "--demo", ...process.argv.slice(2)],
  {
    stdio: "inherit",
  },
);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));

function step(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (result.status !== 0) {
    console.error(
      `bourse: \`${command} ${args.join(" ")}\` failed in ${root}; its message is above`,
    );
    process.exit(1);
  }
}
