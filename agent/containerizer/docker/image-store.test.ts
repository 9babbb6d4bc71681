import { expect, test } from "vitest";
import { registryHost } from "./image-store.ts";

test.each<[image: string, host: string]>([
  ["busybox", "docker.io"],
  ["busybox:1.36", "docker.io"],
  ["library/busybox", "docker.io"],
  ["registry.example/team/app:1", "registry.example"],
  ["registry.example:5000/app@sha256:00", "registry.example:5000"],
  ["localhost/app", "localhost"],
])("credentials for %s are those of %s", (image, host) => expect(registryHost(image)).toBe(host));
