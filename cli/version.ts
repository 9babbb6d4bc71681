/** Of the program; `version.test.ts` compares it with the package. */
export const VERSION = "0.1.0";
