import { scenarioText } from "../scenario-file/scenario-text.ts";
import type { Finding } from "./seed-job.ts";

/** Longer messages are those of exceptions: their first lines say it. */
const LINES_MAX = 12;

/** The scenario of a finding as a file, with what it shows and how to run it above it. */
export function findingText(
  { seed, violation, scenario, shrinkRuns }: Finding,
  path: string,
): string {
  const { check, atMs, message } = violation;
  const lines = message.split("\n").slice(0, LINES_MAX);
  const how = shrinkRuns === 0 ? "as it was drawn" : `made smaller in ${shrinkRuns} runs`;
  const comment = [
    `Breaks the check "${check}" at ${atMs} ms:`,
    ...lines.map((line) => `  ${line}`),
    `Seed ${seed}, ${how}. Run it: bourse sim run ${path}`,
  ];
  return scenarioText({ ...scenario, name: `${check}-${fileWord(seed)}` }, comment.join("\n"));
}

/** `liveness-nightly-7.yaml`: what may stand in a seed and not in a file name is left out. */
export function findingFileName({ seed, violation }: Finding): string {
  return `${fileWord(violation.check)}-${fileWord(seed)}.yaml`;
}

function fileWord(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]+/g, "_").slice(0, 80) || "seed";
}
