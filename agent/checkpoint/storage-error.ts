import { ClusterError } from "@bourse/model/errors";

const CURES: Readonly<Record<string, string>> = {
  ENOSPC: "free some space and start the agent again; its containers keep running",
  EDQUOT: "raise the quota or free some space, then start the agent again",
  EACCES: "let the agent's user write there, or choose another work directory",
  EPERM: "let the agent's user write there, or choose another work directory",
  EROFS: "the file system is read-only: choose another work directory",
};

/** What went wrong with a file, in one line, with what to do about it where that is known. */
export function storageError(what: string, path: string, thrown: unknown): ClusterError {
  const { code, message } = thrown as NodeJS.ErrnoException;
  const cure = code === undefined ? undefined : CURES[code];
  const text = `cannot ${what} ${path}: ${REASONS[code ?? ""] ?? message}`;
  return new ClusterError("internal", text, {
    cause: thrown,
    ...(cure === undefined ? {} : { hint: cure }),
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "no space left on the disk",
  EDQUOT: "the disk quota is used up",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  EEXIST: "there is a file of that name",
  ENOENT: "no such directory can be made there",
  ENOTDIR: "a part of the path is a file, not a directory",
};
