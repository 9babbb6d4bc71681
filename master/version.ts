/** Of the program; the same as in package.json. */
export const VERSION = "0.1.0";

/**
 * Written into journals: a replay by another build may rightly decide otherwise. Raise the number behind the
 * dash when decisions change between releases.
 */
export const BUILD = `${VERSION}-1`;
