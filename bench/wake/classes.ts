/** Callers with different wishes, and what each is promised when the model they ask for sleeps. */
export interface CallerClass {
  readonly name: string;
  readonly count: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly streams: boolean;
  readonly withinMillis: number;
  /** Whether the answer is one that was promised. */
  kept(answer: Answer): boolean;
}

export interface Answer {
  readonly status: number;
  /** What answered: the model's name in the answer, or `job`. */
  readonly by: string;
  readonly applied: string;
  readonly millis: number;
  readonly priceUsd: number;
}

const isAnswered = ({ status }: Answer): boolean => status === 200;
const isJob = ({ status, by }: Answer): boolean => status === 202 && by === "job";

export const CLASSES = (model: string, standIn: string, wakeMillis: number): readonly CallerClass[] => [
  {
    name: "no wish: the stand-in, now",
    count: 12,
    headers: {},
    streams: false,
    withinMillis: 10_000,
    kept: (answer) => isAnswered(answer) && answer.by === standIn,
  },
  {
    name: "wait=60: the model",
    count: 10,
    headers: { prefer: "wait=60" },
    streams: false,
    withinMillis: 60_000,
    kept: (answer) => isAnswered(answer) && answer.by === model,
  },
  {
    name: "deadline 60 s, streamed: the model",
    count: 6,
    headers: { "x-farthing-deadline-ms": "60000" },
    streams: true,
    withinMillis: 60_000,
    kept: (answer) => isAnswered(answer) && answer.by === model,
  },
  {
    name: "a deadline that may be too soon: either",
    count: 8,
    headers: { "x-farthing-deadline-ms": String(Math.floor(wakeMillis / 2)) },
    streams: false,
    withinMillis: 10_000,
    kept: (answer) => isAnswered(answer) && [model, standIn].includes(answer.by),
  },
  {
    name: "respond-async: a job",
    count: 8,
    headers: { prefer: "respond-async" },
    streams: false,
    withinMillis: 10_000,
    kept: isJob,
  },
  {
    name: "respond-async, wait=1: a job",
    count: 6,
    headers: { prefer: "respond-async, wait=1" },
    streams: false,
    withinMillis: 10_000,
    kept: isJob,
  },
];
