import type { Scenario } from "@bourse/engine/scenario/scenario";
import { Document, isCollection, isMap, isScalar, visit } from "yaml";
import { documentOf } from "./scenario-document.ts";
import { scenarioForm } from "./scenario-form.ts";

/** Collections that fit on a line are written on one. */
const LINE_WIDTH = 96;

/**
 * A scenario as the text of a scenario file; reading it gives the same scenario. `comment` stands above it. Throws
 * `unsupported` for what a file has no words for, e.g. operations of an operator on reservations.
 */
export function scenarioText(scenario: Scenario, comment?: string): string {
  const document = new Document(scenarioForm.write(documentOf(scenario)), {
    aliasDuplicateObjects: false,
  });
  visit(document, {
    Collection(_key, node, path) {
      const isDeep = path.length > 1;
      const { length } = JSON.stringify(node.toJSON());
      if (isDeep && length <= LINE_WIDTH) node.flow = true;
    },
    Scalar(_key, node) {
      if (isScalar(node) && node.value === "*") node.type = "QUOTE_DOUBLE";
    },
  });
  if (isCollection(document.contents) && !isMap(document.contents)) throw new Error("no mapping");
  if (comment !== undefined) document.commentBefore = comment.replace(/^/gm, " ");
  return document.toString({ lineWidth: LINE_WIDTH + 24, flowCollectionPadding: true });
}
