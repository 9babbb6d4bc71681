import { discardOpenLoads } from "@bourse/sim/tools/load-file/open-loads";
import { type Interrupt, onInterrupt } from "./interrupt.ts";

/** Half a load is of no use: Ctrl-C ends a command that writes one at once, and leaves nothing half written behind. */
export function endWithoutTraces(cleanUp: () => void = () => {}): Pick<Interrupt, "off"> {
  const interrupt = onInterrupt(
    () => {
      cleanUp();
      discardOpenLoads();
      process.exit(interrupt.exitCode ?? 130);
    },
    () => {},
  );
  return { off: () => interrupt.off() };
}
