import type { GeneratorText, StreamText } from "./generator-text.ts";

/** Loads that others published, as laws; what a source does not say is ours and said so. */
export interface Preset {
  readonly about: string;
  readonly text: GeneratorText;
}

/**
 * Mesos paper (NSDI'11), table 3: 100 Hadoop jobs like Facebook's, by numbers of maps and reduces (CASES M10). They
 * come at random within 25 minutes; the paper's mean gap is 14 s. Tasks take 23 s in the median. Ours: the spread of
 * that, and one core and 1 GiB for a task. Reduces come when the maps could be over.
 */
const FACEBOOK_BINS: readonly (readonly [maps: number, reduces: number, jobs: number])[] = [
  [1, 0, 38],
  [2, 0, 18],
  [10, 2, 14],
  [50, 0, 12],
  [100, 10, 6],
  [200, 0, 6],
  [400, 0, 4],
  [400, 30, 2],
];

const HADOOP_TASK = { cpus: "1", mem: "1GiB", run: "lognormal:23s,0.8,10m" } as const;

export const PRESETS: Readonly<Record<string, Preset>> = {
  "facebook-hadoop": {
    about: "100 Hadoop jobs in 25 minutes, as in the Mesos paper (NSDI'11, table 3)",
    text: {
      duration: "25m",
      streams: FACEBOOK_BINS.map(([maps, reduces, jobs]): StreamText => {
        const stage = (tasks: number): StreamText => ({ ...HADOOP_TASK, tasks: String(tasks) });
        return {
          name: `maps-${maps}-reduces-${reduces}`,
          jobs,
          stages: reduces === 0 ? [stage(maps)] : [stage(maps), stage(reduces)],
        };
      }),
    },
  },
  /**
   * Omega (EuroSys'13), CASES section 5: of batch jobs 80 % run less than 12 to 20 minutes and come 4 to 7 s apart; of
   * service jobs 80 % less than 29 days, 2 to 15 minutes apart. The middle of each range is hit at 80 % here. Tasks of
   * a job and their size are of the example in the published simulator: 100 and 10 on average, 1 core, 2 GiB. Ours:
   * the spread of the times.
   */
  omega: {
    about: "batch and service jobs as in the Omega paper (EuroSys'13), for some 10,000 machines",
    text: {
      duration: "1h",
      streams: [
        {
          name: "batch",
          rate: "1053.5/h", // 80 % of exponential gaps are below 1.609 means: 5.5 s.
          tasks: "geometric:100",
          cpus: "1",
          mem: "2GiB",
          run: "lognormal:272s,1.5", // 80 % are below e^(0.8416 sigma) medians: 16 minutes.
        },
        {
          name: "service",
          rate: "11.36/h", // 8.5 minutes.
          tasks: "geometric:10",
          cpus: "1",
          mem: "2GiB",
          run: "lognormal:85h,2.5", // 29 days.
        },
      ],
    },
  },
  "nomad-c100k": {
    about: "318 jobs of 315 small tasks at once, the shape of Nomad's C100K (their sizes are ours)",
    text: {
      duration: "1s",
      jobs: 318,
      tasks: "315",
      cpus: "0.1",
      mem: "64MiB",
      run: "forever",
    },
  },
};
