/**
 * What one request does, as measured: everything about a request's cost that no template shows. `requestCost`
 * (deployment-cost.ts) multiplies it with the template's memory sizes and the price book.
 */
export interface RequestScenario {
  /** Requests in the month; they pick the price tiers. */
  readonly requestsPerMonth: number;
  /** Body and headers that leave AWS for the caller, bytes. */
  readonly responseBytes: number;
  /**
   * Every function that one request runs through, in any order: the group alone on a static route; router and group on
   * `/v1`. The same deployment may stand here more than once.
   */
  readonly invocations: readonly InvocationScenario[];
  /** One line of the gateway's access log, bytes; 0 if there is none. */
  readonly accessLogBytes: number;
  /** Strongly or eventually consistent reads of 4 KB, in DynamoDB read units; after what the function itself caches. */
  readonly dynamoDbReadUnits: number;
  readonly dynamoDbWriteUnits: number;
  /** GET requests to S3; after what the function itself caches. */
  readonly s3Reads: number;
  /** ElastiCache processing units; one simple command moves up to 1 kB for each. 0 where there is no cache. */
  readonly cacheProcessingUnits: number;
  /** Custom metrics in use in the month, each name and set of dimensions for itself; their price is spread over the requests. */
  readonly customMetrics: number;
  /**
   * Share of requests that X-Ray records, 0 to 1, where the templates switch tracing on. The account's default rule takes
   * one request a second and 5 % of the rest: https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
   */
  readonly tracedShare: number;
}

export interface InvocationScenario {
  /** FARTHING_DEPLOYMENT of the function: `router` or a group's name. Its memory and architecture stand in the template. */
  readonly deployment: string;
  /** Billed duration, milliseconds: measured duration, rounded up to the next millisecond by Lambda. */
  readonly billedMillis: number;
  /** Share of invocations that start cold, 0 to 1, and what such a start adds to the bill (INIT is billed). Default: none. */
  readonly cold?: { readonly share: number; readonly initMillis: number };
  /** What it writes to its log, bytes: usage line, metrics, Lambda's own lines. */
  readonly logBytes: number;
  /** Bytes of its answer where it streams; above 6 MB they are billed. Default: 0. */
  readonly streamedBytes?: number;
}
