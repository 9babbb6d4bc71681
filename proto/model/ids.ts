/**
 * Identifiers. They are strings on the wire; the flavour stops an agent id from being passed where a
 * task id is meant, while literals (`"a1"` in a test) still fit.
 */
type Id<Name extends string> = string & { readonly __id?: Name };

export type FrameworkId = Id<"framework">;
export type AgentId = Id<"agent">;
export type OfferId = Id<"offer">;
export type InverseOfferId = Id<"inverse-offer">;
/** Given by a framework that wants feedback; unique within it. */
export type OperationId = Id<"operation">;
/** Given by the master to every operation; unique in the cluster. */
export type OperationUuid = Id<"operation-uuid">;
/** Unique within its framework for as long as the task is not forgotten. */
export type TaskId = Id<"task">;
export type ExecutorId = Id<"executor">;
/** One launch of one task on one agent: `<frameworkId>.<taskId>` is not enough once ids are reused. */
export type ContainerId = Id<"container">;
/** 32 lower-case hex digits = the 16 bytes of a status update's uuid (MESOS-V1 section 2). */
export type UpdateUuid = Id<"update">;
/** A role name; `/` makes a hierarchy (FEATURES M-29). `*` is the default role. */
export type Role = Id<"role">;

/** Number that a shell gives to one stream of a framework or agent; never reused within a process. */
export type SessionId = number;
/** Number that a shell gives to an operator's request, so that the reply finds its way. */
export type RequestId = number;
