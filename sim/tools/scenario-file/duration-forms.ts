import { durationText, millisecondsOf } from "@bourse/model/duration-text";
import { type Form, named } from "./form.ts";

const DURATION = "\\d{1,12}(\\.\\d{1,6})?(ms|s|m|h|d)";
const TITLE = "a duration: a number with ms, s, m, h or d, like 90s, 1.5h or 250ms";

/** As in `90s`, `1.5h`, `250ms`; read in whole milliseconds. */
export const duration: Form<number> = named("duration", {
  schema: { type: "string", pattern: `^${DURATION}$`, title: TITLE },
  read: (value, place) => durationMs(value as string, place.refuse.bind(place)),
  write: durationText,
});

/** Longer than nothing. */
export const period: Form<number> = {
  ...duration,
  read(value, place) {
    const milliseconds = duration.read(value, place);
    if (milliseconds === 0) place.refuse(`${value} is no time; write one above 0`);
    return milliseconds;
  },
};

/** Of a task, of a patience; Infinity = for ever. */
export const lifetime: Form<number> = named("lifetime", {
  schema: {
    type: "string",
    pattern: `^(forever|${DURATION})$`,
    title: `${TITLE}, or forever`,
  },
  read: (value, place) => lifetimeMs(value as string, place.refuse.bind(place)),
  write: lifetimeText,
});

/** Null = never. */
export const patience: Form<number | null> = {
  schema: {
    type: "string",
    pattern: `^(never|${DURATION})$`,
    title: `${TITLE}, or never`,
  },
  read: (value, place) =>
    value === "never" ? null : durationMs(value as string, place.refuse.bind(place)),
  write: (value) => (value === null ? "never" : durationText(value)),
};

/** `200ms-800ms`, ends included; one duration is both ends. */
export const durationRange: Form<readonly [min: number, max: number]> = named("durationRange", {
  schema: {
    type: "string",
    pattern: `^(forever|${DURATION}(\\s*-\\s*${DURATION})?)$`,
    title: "a duration or a range of them, like 200ms-800ms",
  },
  read(value, place) {
    const refuse = place.refuse.bind(place);
    const [first = "", second = first] = (value as string).split("-");
    const [min, max] = [lifetimeMs(first.trim(), refuse), lifetimeMs(second.trim(), refuse)];
    if (min > max) place.refuse(`the range ${value} ends before it begins`);
    return [min, max];
  },
  write: ([min, max]) =>
    min === max ? lifetimeText(min) : `${durationText(min)}-${durationText(max)}`,
});

/** Ten years: what is longer is a mistake. */
const DURATION_MS_MAX = 10 * 365 * 86_400_000;

function durationMs(value: string, refuse: (message: string) => void): number {
  const milliseconds = millisecondsOf(value);
  if (milliseconds <= DURATION_MS_MAX) return milliseconds;
  refuse(`${value} is longer than ten years`);
  return 0;
}

function lifetimeMs(value: string, refuse: (message: string) => void): number {
  return value === "forever" ? Number.POSITIVE_INFINITY : durationMs(value, refuse);
}

function lifetimeText(milliseconds: number): string {
  return milliseconds === Number.POSITIVE_INFINITY ? "forever" : durationText(milliseconds);
}
