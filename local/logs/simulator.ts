import { join } from "node:path";
import * as z from "zod";
import { physicalName } from "../physical-name.ts";
import { readProperties } from "../resource-properties.ts";
import type { LogSink, Simulator, SimulatorContext } from "../simulator.ts";
import { createLogsApi } from "./api.ts";
import { parseFilterPattern } from "./filter-pattern.ts";
import { LogStore } from "./log-store.ts";
import { logGroupArn } from "./permissions.ts";
import { SubscriptionFilters, type SubscriptionTarget } from "./subscription-filters.ts";

const MAX_NAME_LENGTH = 512;
/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

const properties = z.object({
  LogGroupName: z.string().optional(),
  RetentionInDays: z.literal(RETENTION_DAYS).optional(),
});

/** Where nothing runs, nothing can be subscribed to. */
const NO_FUNCTIONS: SubscriptionTarget = { deliver: async () => "refused" };

export interface LogsSimulator extends Simulator, LogSink {
  /** Starts after the functions and stops before them: what they wrote last reaches those that subscribe to it. */
  readonly subscriptions: Simulator;
}

const subscriptionProperties = z.object({
  DestinationArn: z.string(),
  FilterName: z.string().optional(),
  FilterPattern: z.string(),
  LogGroupName: z.string(),
});

/** CloudWatch Logs, kept as JSON lines below `<state>/logs`; the sink for everything that functions print. */
export function createLogsSimulator(
  context: Pick<SimulatorContext, "accountId" | "region" | "stateDirectory" | "clock" | "emit">,
  subscriptionTarget: SubscriptionTarget = NO_FUNCTIONS,
): LogsSimulator {
  const { accountId, region, clock, emit } = context;
  const directory = join(context.stateDirectory, "logs");
  const store = new LogStore(directory, clock, emit, (...stored) => subscriptions.offer(...stored));
  const subscriptions = new SubscriptionFilters(subscriptionTarget, store, join(directory, "undelivered-since"), {
    accountId,
    region,
    emit,
  });
  return {
    resources: {
      "AWS::Logs::LogGroup": {
        honoured: ["LogGroupName", "RetentionInDays"],
        ignored: {
          DeletionProtectionEnabled: "groups are never deleted here; the state directory is yours",
          KmsKeyId: "the disk's own encryption applies",
          LogGroupClass: "a price",
          Tags: "no policy here compares tags",
        },
        async create(resource) {
          const { LogGroupName, RetentionInDays } = readProperties(resource, properties);
          const name = LogGroupName ?? physicalName(resource, { maxLength: MAX_NAME_LENGTH });
          await store.putGroup(name, RetentionInDays ?? "never");
          return { ref: name, attributes: { Arn: logGroupArn({ accountId, region }, name) } };
        },
      },
      "AWS::Logs::SubscriptionFilter": {
        honoured: ["DestinationArn", "FilterName", "FilterPattern", "LogGroupName"],
        async create(resource) {
          const { DestinationArn, FilterName, FilterPattern, LogGroupName } = readProperties(
            resource,
            subscriptionProperties,
          );
          const name = FilterName ?? physicalName(resource, { maxLength: MAX_NAME_LENGTH });
          if (store.group(LogGroupName) === undefined) {
            throw new Error(`${resource.stack}/${resource.logicalId}: there is no log group ${LogGroupName}`);
          }
          if (!/^arn:aws[a-z-]*:lambda:/.test(DestinationArn)) {
            throw new Error(`${resource.stack}/${resource.logicalId}: only functions are destinations here`);
          }
          const pattern = parseFilterPattern(FilterPattern);
          subscriptions.add({ name, logGroup: LogGroupName, destinationArn: DestinationArn, pattern });
          return { ref: name };
        },
      },
    },
    service: createLogsApi({ accountId, region, clock, store }),
    append(logGroup, logStream, line) {
      const now = clock();
      store.append(logGroup, logStream, [{ timestamp: now, ingestionTime: now, message: line }]);
    },
    subscriptions: { resources: {}, start: () => subscriptions.start(), stop: () => subscriptions.stop() },
    start: () => store.open(),
    stop: () => store.flush(),
  };
}
