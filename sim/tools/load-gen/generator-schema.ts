import { GENERATOR_DEFAULTS } from "./generator-text.ts";
import { PRESETS } from "./presets.ts";

const LAW = {
  type: ["string", "number"],
  examples: [
    "60s",
    "10s..2m",
    "0.5:60,1:30",
    "exponential:60s",
    "lognormal:60s,2",
    "power:2,1..1000",
  ],
} as const;

const STAGE = {
  tasks: { ...LAW, description: "Tasks of a job.", default: GENERATOR_DEFAULTS.tasks },
  cpus: { ...LAW, description: "Cores of one task.", default: GENERATOR_DEFAULTS.cpus },
  mem: {
    ...LAW,
    description: "Memory of one task; with /cpu behind it, for each of its cores.",
    default: GENERATOR_DEFAULTS.mem,
  },
  disk: { ...LAW, description: "Disk of one task.", default: GENERATOR_DEFAULTS.disk },
  gpus: { ...LAW, description: "GPUs of one task; below 1 a part of one.", default: "0" },
  run: { ...LAW, description: "How long a task runs.", default: GENERATOR_DEFAULTS.run },
  ownRuns: {
    type: "boolean",
    description: "Each task of a job draws its own time.",
    default: false,
  },
} as const;

const STREAM = {
  ...STAGE,
  name: { type: "string", pattern: "^[A-Za-z0-9_.-]{1,64}$" },
  rate: { type: "string", description: "Jobs in a time.", default: GENERATOR_DEFAULTS.rate },
  jobs: { type: ["integer", "string"], description: "Instead of a rate: so many in all." },
  arrivals: {
    type: "string",
    description: "poisson, even, uniform, bursts:PERIOD,BURST[,SHARE] or diurnal:PERIOD,SWING",
    default: GENERATOR_DEFAULTS.arrivals,
  },
  stages: {
    type: "array",
    description: "Parts of a job, one after the other.",
    minItems: 1,
    maxItems: 100,
    items: { type: "object", additionalProperties: false, properties: STAGE },
  },
} as const;

/** JSON Schema of `GeneratorText`: its shape. What the texts mean is checked by `readGenerator`. */
export const GENERATOR_SCHEMA = {
  type: "object",
  description: "A load by its laws: one stream of jobs, several, or a preset.",
  additionalProperties: false,
  properties: {
    ...STREAM,
    preset: { enum: Object.keys(PRESETS), description: "A published mix." },
    duration: {
      type: ["string", "number"],
      description: "Jobs arrive from 0 until then.",
      default: GENERATOR_DEFAULTS.duration,
    },
    stream: { type: "string", description: "Only this one of the streams." },
    streams: {
      type: "array",
      minItems: 1,
      maxItems: 1_000,
      items: { type: "object", additionalProperties: false, properties: STREAM },
    },
  },
} as const;
