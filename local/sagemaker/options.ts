/** How this machine stands in for GPU instances. Times are milliseconds. */
export interface SageMakerOptions {
  /** From the decision to launch an instance until it takes copies. AWS: minutes. Default 2,000. */
  readonly instanceLaunchMillis: number;
  /** What pulling an image and loading a large model takes, before a copy's process starts. AWS: minutes. Default 1,000. */
  readonly modelLoadMillis: number;
  /** How long an instance without copies stays, if its scale-in policy says nothing. Default 600,000, as seen on AWS. */
  readonly instanceReleaseMillis: number;
  /**
   * Longest part of a response stream, in bytes. AWS promises nothing about where parts end; the default, 100, cuts
   * most server-sent events, and now and then a character.
   */
  readonly streamPartBytes: number;
  /** Largest body of a request, at most 16 MiB here. Default 6 MiB, what the API's model says. */
  readonly maxPayloadBytes: number;
  /** A whole answer of InvokeEndpoint. Default 60,000, as on AWS. */
  readonly responseTimeoutMillis: number;
  /** A whole stream of InvokeEndpointWithResponseStream. Default 480,000, as on AWS. */
  readonly streamTimeoutMillis: number;
  /** Between two questions to `/ping` of a copy that serves. Default 5,000. */
  readonly pingMillis: number;
  /** How long a `/ping` may take. Default 2,000, as on AWS. */
  readonly pingTimeoutMillis: number;
  /** Before a container that died is started again; doubles with each death in a row, up to 30 times this. Default 1,000. */
  readonly restartMillis: number;
  /** How long a copy that goes may finish its requests. Default 30,000. */
  readonly drainMillis: number;
  /** How often idle instances are looked for and concurrency is measured. Default 1,000. */
  readonly tickMillis: number;
  /** Instance types that no capacity can be had of: what is next by priority is launched. Default: none. */
  readonly unavailableInstanceTypes: readonly string[];
}

export const DEFAULT_SAGEMAKER_OPTIONS: SageMakerOptions = {
  instanceLaunchMillis: 2_000,
  modelLoadMillis: 1_000,
  instanceReleaseMillis: 600_000,
  streamPartBytes: 100,
  maxPayloadBytes: 6 * 1024 * 1024,
  responseTimeoutMillis: 60_000,
  streamTimeoutMillis: 480_000,
  pingMillis: 5_000,
  pingTimeoutMillis: 2_000,
  restartMillis: 1_000,
  drainMillis: 30_000,
  tickMillis: 1_000,
  unavailableInstanceTypes: [],
};
