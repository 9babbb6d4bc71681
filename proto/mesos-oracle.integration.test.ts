import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { compareFacts, type DescriptorFacts, descriptorFacts } from "./wire/descriptor-facts.ts";
import { mesosFiles } from "./wire/mesos-files.ts";

/** Debian's Go library for Mesos ships the public v1 .proto files; they are read where it installs them. */
const PACKAGE = "golang-github-mesos-mesos-go-dev";
const SOURCES = "/usr/share/gocode/src";
const LIBRARY = "github.com/mesos/mesos-go/api/v1/lib";
const GOGO = "github.com/gogo/protobuf/gogoproto/gogo.proto";

const isInstalled =
  existsSync(path.join(SOURCES, LIBRARY, "mesos.proto")) && existsSync(path.join(SOURCES, GOGO));
const isCi = process.env.CI === "true";
if (!isInstalled && !isCi) {
  console.warn(`skipped: the Mesos oracle needs ${PACKAGE}; apt-get install ${PACKAGE}`);
}

describe.skipIf(!isInstalled && !isCi)(`our mesos.v1 against ${PACKAGE}`, () => {
  test("the package is installed", () => {
    expect(isInstalled, `apt-get install ${PACKAGE}`).toBe(true);
  });

  test("every message, field, oneof and enum value of the package is ours, with the same number, label and type", () => {
    const theirs = readPackage();
    expect(theirs.size).toBeGreaterThan(1500);
    const { differing, onlyOurs } = compareFacts(descriptorFacts(mesosFiles()), theirs);
    console.info(`${onlyOurs.length} names of ours are newer than the package`);
    expect(
      differing.filter((line) => !RELAXED.some((name) => line.startsWith(`${name}: `))),
    ).toEqual([]);
    expect(differing.length, "a relaxed field that no longer differs").toBe(RELAXED.length);
  });
});

/** Required in the package, optional in later Mesos (containers without an executor): the bytes are the same. */
const RELAXED = ["framework_id", "executor_id", "executor_name"].map(
  (field) => `mesos.v1.agent.Response.GetContainers.Container.${field}`,
);

/** The package's files, compiled in a folder of our own, under our package names. */
function readPackage(): DescriptorFacts {
  const folder = mkdtempSync(path.join(tmpdir(), "bourse-oracle-"));
  try {
    for (const file of [...protoFiles(), GOGO]) {
      mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
      cpSync(path.join(SOURCES, file), path.join(folder, file));
    }
    const buf = path.join(import.meta.dirname, "..", "node_modules", ".bin", "buf");
    const image = execFileSync(buf, ["build", folder, "-o", "-"], { maxBuffer: 64 * 1024 * 1024 });
    const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, image)).files;
    const theirs = [...files].filter((file) => file.name.startsWith(LIBRARY));
    return descriptorFacts(theirs, (name) => name.replace(/^mesos\./, "mesos.v1."));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function protoFiles(): string[] {
  return ["mesos", ...FOLDERS.map((folder) => `${folder}/${folder}`)].map(
    (file) => `${LIBRARY}/${file}.proto`,
  );
}

const FOLDERS = ["agent", "allocator", "executor", "maintenance", "master", "quota", "scheduler"];
