import type { DescFile } from "@bufbuild/protobuf";
import { file_mesos_v1_agent_agent } from "#gen/mesos/v1/agent/agent_pb";
import { file_mesos_v1_executor_executor } from "#gen/mesos/v1/executor/executor_pb";
import { file_mesos_v1_master_master } from "#gen/mesos/v1/master/master_pb";
import { file_mesos_v1_mesos } from "#gen/mesos/v1/mesos_pb";
import { file_mesos_v1_resource_provider_resource_provider } from "#gen/mesos/v1/resource_provider/resource_provider_pb";
import { file_mesos_v1_scheduler_scheduler } from "#gen/mesos/v1/scheduler/scheduler_pb";

/** The descriptors of all our `mesos.v1` files, each once. */
export function mesosFiles(): DescFile[] {
  const found = new Set<DescFile>();
  const visit = (file: DescFile): void => {
    if (found.has(file) || !file.name.startsWith("mesos/v1/")) return;
    found.add(file);
    file.dependencies.forEach(visit);
  };
  for (const root of ROOTS) visit(root);
  return [...found];
}

const ROOTS = [
  file_mesos_v1_mesos,
  file_mesos_v1_scheduler_scheduler,
  file_mesos_v1_executor_executor,
  file_mesos_v1_master_master,
  file_mesos_v1_agent_agent,
  file_mesos_v1_resource_provider_resource_provider,
];
