import type { AgentId, TaskId } from "@bourse/model/ids";
import { canonical, type Resources, scalar } from "@bourse/model/resources";
import { NO_PAYLOAD, type TaskInfo } from "@bourse/model/task";
import type { TaskClass } from "./batch-columns.ts";
import { DEVICES_MAX, WHOLE_DEVICE } from "./free-space.ts";

/** Makes the messages of launches; what tasks of one class want on the same devices is one object. */
export class BatchLaunches {
  readonly #known = new Map<TaskClass, Map<number, Resources>>();

  taskOf(taskId: TaskId, agentId: AgentId, resources: Resources): TaskInfo {
    return { taskId, name: taskId, agentId, resources, payload: NO_PAYLOAD };
  }

  /** `deviceMask` = 0: what it wants of GPUs is of the scalar `gpus`. */
  resourcesOf(wanted: TaskClass, deviceMask: number): Resources {
    if (wanted.gpuCount === 0 && wanted.gpuMilli === 0) return wanted.resources;
    let byMask = this.#known.get(wanted);
    if (byMask === undefined) {
      byMask = new Map();
      this.#known.set(wanted, byMask);
    }
    let resources = byMask.get(deviceMask);
    if (resources === undefined) {
      resources = withGpus(wanted, deviceMask);
      byMask.set(deviceMask, resources);
    }
    return resources;
  }
}

function withGpus({ resources, gpuCount, gpuMilli }: TaskClass, deviceMask: number): Resources {
  if (deviceMask === 0) return canonical([...resources, scalar("gpus", gpuCount * 1_000)]);
  const milli = gpuMilli > 0 ? gpuMilli : WHOLE_DEVICE;
  const devices = [];
  for (let device = 0; device < DEVICES_MAX; device++) {
    if ((deviceMask & (1 << device)) !== 0) devices.push(scalar(`gpu${device}`, milli));
  }
  return canonical([...resources, ...devices]);
}
