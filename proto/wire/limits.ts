/**
 * What a peer may send at most. Beyond a limit a message is refused as a whole, with the name of the field, so
 * that one client cannot fill the memory of all. Lengths of text are in UTF-16 units, bytes in bytes.
 */
export const LIMITS = {
  /** Ids, names of hosts, users, roles and resources. Mesos ids made of UUIDs have some 70; file names end at 255. */
  name: 255,
  /** Sentences for people: messages, causes, hints. One screen. */
  sentence: 4_096,
  /** FEATURES A-1: a decline reason is a code and a phrase, and there are many of them. */
  declineCode: 64,
  declineDetail: 256,
  declineReasons: 16,
  /** Environment values, commands, paths: what Linux takes as one argument (MAX_ARG_STRLEN). */
  text: 131_072,
  /** The rest of a Mesos message. Secrets and files travel in it; etcd refuses records above 1.5 MB. */
  payload: 1_048_576,
  /** One piece of a relayed stream, and one executor message. */
  data: 1_048_576,
  /** Messages in one frame. Frames are cut at 64 KiB; an empty message has two bytes. */
  messages: 65_536,
  /** Tasks in one launch, offers in one event, ids in one call: a frame of 4 MiB holds no more. */
  batch: 65_536,
  /** Tasks that an agent reports when it returns. */
  agentTasks: 65_536,
  /** Operations in one ACCEPT: as many as it may launch tasks, because some schedulers make one of each task. */
  operations: 10_000,
  /** Operations that an agent reports when it returns: those that nobody acknowledged. */
  agentOperations: 65_536,
  frameworks: 65_536,
  /** Kinds of resources in one list: reservations and volumes multiply them. */
  resources: 4_096,
  /** Pieces that the ports of one agent may be in: every other port. */
  ranges: 32_768,
  /** Members of a set resource. */
  items: 65_536,
  /** Depth of a reservation, or labels on something. */
  reservations: 32,
  /** Names in a quota. */
  amounts: 1_024,
  /** FEATURES M-38: RE2's program of 100 instructions ends long before; groups a role, constraints a group. */
  pattern: 1_024,
  constraintGroups: 256,
  constraints: 256,
  /** Machines of a maintenance window, windows of a schedule. */
  machines: 65_536,
  labels: 1_024,
  attributes: 1_024,
  roles: 4_096,
  capabilities: 64,
  /** Arguments, environment variables, ports, volumes of one task. */
  taskEntries: 4_096,
  /** Rows that may be asked for at once. */
  page: 1_000,
  /** Rows of an answer, and what is listed beside them. */
  rows: 65_536,
} as const;
