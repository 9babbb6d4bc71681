import type { Command } from "commander";
import { examples } from "./examples.ts";
import { addSimFuzzCommand } from "./sim-fuzz.ts";
import { addSimGenCommand } from "./sim-gen.ts";
import { addSimImportCommand } from "./sim-import.ts";
import { addSimLiveCommand } from "./sim-live.ts";
import { addSimReplayCommand } from "./sim-replay.ts";
import { addSimReportCommands } from "./sim-report.ts";
import { addSimRunCommand } from "./sim-run.ts";
import { addSimStudyCommand } from "./sim-study.ts";
import { addSimWhatIfCommand } from "./sim-whatif.ts";

export function addSimCommands(root: Command): void {
  const sim = root
    .command("sim")
    .description("simulate clusters with the code that runs live")
    .addHelpText("after", examples("bourse sim run --agents 1000 --tasks 100000"));
  addSimRunCommand(sim);
  addSimFuzzCommand(sim);
  addSimGenCommand(sim);
  addSimImportCommand(sim);
  addSimLiveCommand(sim);
  addSimReplayCommand(sim);
  addSimWhatIfCommand(sim);
  addSimReportCommands(sim);
  addSimStudyCommand(sim);
}
