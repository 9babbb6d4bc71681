import { expect, test } from "vitest";
import { DONE_OPERATIONS_MAX, decidedOn, OperationBook } from "./operation-book.ts";

const NOTHING = { consumed: [], converted: [] };
const decided = (index: number, operationId?: string) =>
  decidedOn(
    {
      operationUuid: `u${index}`,
      ...(operationId === undefined ? {} : { operationId }),
      state: "OPERATION_FINISHED",
      convertedResources: [],
      uuid: `of-u${index}`,
    },
    NOTHING,
  );

test("all that wait for an acknowledgement are kept, of the others the newest", () => {
  const book = new OperationBook();
  book.add(decided(0, "waits"));
  for (let index = 1; index <= DONE_OPERATIONS_MAX + 10; index++) book.add(decided(index));
  expect(book.all()).toHaveLength(DONE_OPERATIONS_MAX + 1);
  expect(book.get("u0")?.isPending).toBe(true);
  expect(book.get("u10")).toBeUndefined();
  expect(book.get("u11")).toBeDefined();
  book.settle("u0"); // Now it is the oldest that nobody waits for.
  expect(book.get("u0")).toBeUndefined();
  expect(new OperationBook(book.all()).all()).toEqual(book.all());
});
