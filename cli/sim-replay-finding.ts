import type { Finding } from "@bourse/sim/tools/replay/bisect";
import type { WalkResult } from "@bourse/sim/tools/replay/walk";
import type { Context } from "./context.ts";
import { decisionLine } from "./explain-text.ts";
import { plain, printable } from "./output.ts";
import { timeText } from "./sim-replay-show.ts";

const LINES_MAX = 40;

/** What `--bisect` found, for people: the input, what it did, what changed, what came before. */
export function findingText(
  { colors }: Context,
  finding: Finding | null,
  of: { readonly result: WalkResult; readonly condition: string | null },
): string {
  const { files, isStopped } = of.result;
  const inputs = files.reduce((sum, file) => sum + file.inputs, 0);
  if (finding === null) {
    const where = isStopped ? `the first ${inputs} inputs` : `${inputs} inputs`;
    return of.condition === null
      ? `nothing was found in ${where}: every hash and every invariant holds\n`
      : `after none of ${where} it holds: ${of.condition}\n`;
  }
  const { bold } = colors;
  const at = `${finding.epoch}.${finding.position}`;
  return [
    `${bold("found")}     ${colors.red(printable(finding.what))}`,
    `${bold("after")}     input ${at} (${printable(finding.title)}) at ${timeText(finding.now.wallMs)}`,
    `${bold("input")}     ${printable(shortened(JSON.stringify(plain(finding.input))))}`,
    ...section(
      bold("before"),
      finding.before.map(
        ({ position, wallMs, title }) =>
          `${timeText(wallMs)}  ${finding.epoch}.${position}  ${title}`,
      ),
    ),
    ...section(
      bold("sent"),
      finding.effects === null ? ["the core failed"] : finding.effects.send.map(sendingText),
    ),
    ...section(bold("changed"), finding.changes),
    ...section(
      bold("decisions"),
      finding.decisions.flatMap(({ frameworkId, decisions }) =>
        decisions.map((decision) => `${frameworkId}: ${decisionLine(decision)}`),
      ),
    ),
    `look around with: --until ${at}, and --until ${finding.epoch}.${finding.position - 1} for the moment before`,
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function section(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [`${title}   nothing`];
  const shown = lines.slice(0, LINES_MAX).map((line) => `  ${printable(line)}`);
  const more = lines.length > LINES_MAX ? [`  and ${lines.length - LINES_MAX} more`] : [];
  return [title, ...shown, ...more];
}

type Sending = NonNullable<Finding["effects"]>["send"][number];

function sendingText(sending: Sending): string {
  switch (sending.to) {
    case "framework":
      return `to framework (session ${sending.session}): ${sending.event.kind}`;
    case "agent":
      return `to agent (session ${sending.session}): ${sending.message.kind}`;
    case "operator":
      return `to operator: ${sending.reply.kind}`;
    case "events":
      return `event: ${shortened(JSON.stringify(plain(sending.event.change)))}`;
    case "close":
      return `close session ${sending.session}`;
  }
}

const CHARACTERS_MAX = 600;

function shortened(text: string): string {
  return text.length <= CHARACTERS_MAX ? text : `${text.slice(0, CHARACTERS_MAX)}...`;
}
