import type { Context } from "./context.ts";

export async function replayOtherwise(
  _context: Context,
  _path: string,
  _flags: object,
): Promise<void> {}
