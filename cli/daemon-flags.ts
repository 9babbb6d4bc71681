/**
 * How Node runs our daemons; also the first line of bin/bourse.js, by which a shell starts them. What a daemon makes for
 * a task lives for about as long as the messages about it are under way: in the 16 MiB that V8 gives young objects by
 * itself much of it outlives a collection and is then collected with everything else, which holds up the loop.
 */
export const DAEMON_FLAGS: readonly string[] = ["--max-semi-space-size=64"];
