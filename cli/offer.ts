import type { OfferView } from "@bourse/model/operator";
import type { Command } from "commander";
import { contextFor, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { age, type Column, cpusOf, memOf, portsOf, renderList } from "./output.ts";
import { drawOrWatch } from "./watch.ts";

const COLUMNS: readonly Column<OfferView>[] = [
  { title: "OFFER", value: (offer) => offer.offerId },
  { title: "FRAMEWORK", value: (offer) => offer.frameworkId },
  { title: "AGENT", value: (offer) => offer.agentId },
  { title: "ROLE", value: (offer) => offer.role },
  { title: "CPUS", value: (offer) => cpusOf(offer.resources), align: "right" },
  { title: "MEM", value: (offer) => memOf(offer.resources), align: "right" },
  { title: "PORTS", value: (offer) => portsOf(offer.resources) },
  { title: "AGE", value: (offer) => age(offer.offeredAtMs, Date.now()), align: "right" },
  {
    title: "RESCIND IN",
    value: (offer) =>
      offer.rescindAtMs === undefined ? "never" : age(Date.now(), offer.rescindAtMs),
    align: "right",
  },
];

export function addOfferCommands(root: Command): void {
  const offer = root
    .command("offer")
    .description("look at offers")
    .addHelpText("after", examples("bourse offer ls"));
  offer
    .command("ls")
    .description("outstanding offers: who holds what, since when, until when")
    .addHelpText("after", examples("bourse offer ls -w"))
    .action(async (_options: object, command: Command) => {
      const context = contextFor(command);
      await withClient(context, (client) =>
        drawOrWatch(context, client, async () => {
          const rows: OfferView[] = [];
          for await (const page of client.pages({ kind: "offers", page: { limit: 1000 } })) {
            rows.push(...page.offers);
          }
          return renderList(context, rows, COLUMNS, (row) => row.offerId);
        }),
      );
    });
}
