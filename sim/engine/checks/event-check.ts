import type { CreateCheck } from "./check.ts";

const CHECK = "event";

/** Operator events are numbered without gaps in each epoch, from 1 (FEATURES M-76): who counts knows what he missed. */
export const createEventCheck: CreateCheck = (_world, violations) => {
  let epoch = 0;
  let last = 0;
  return {
    probe: {
      masterDecided(_now, _input, effects) {
        for (const sending of effects.send) {
          if (sending.to !== "events") continue;
          const { event } = sending;
          const expected = event.epoch === epoch ? last + 1 : 1;
          if (event.epoch < epoch || event.sequence !== expected)
            violations.report(
              CHECK,
              `after event ${last} of epoch ${epoch} comes event ${event.sequence} of epoch ${event.epoch}`,
            );
          epoch = event.epoch;
          last = event.sequence;
        }
      },
    },
  };
};
