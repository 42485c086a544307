import { join } from "node:path";
import * as z from "zod";
import { physicalName } from "../physical-name.ts";
import { readProperties } from "../resource-properties.ts";
import type { LogSink, Simulator, SimulatorContext } from "../simulator.ts";
import { createLogsApi } from "./api.ts";
import { LogStore } from "./log-store.ts";
import { logGroupArn } from "./permissions.ts";

const MAX_NAME_LENGTH = 512;
/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

const properties = z.object({
  LogGroupName: z.string().optional(),
  RetentionInDays: z.literal(RETENTION_DAYS).optional(),
});

/** CloudWatch Logs, kept as JSON lines below `<state>/logs`; the sink for everything that functions print. */
export function createLogsSimulator(
  context: Pick<SimulatorContext, "accountId" | "region" | "stateDirectory" | "clock" | "emit">,
): Simulator & LogSink {
  const { accountId, region, clock } = context;
  const store = new LogStore(join(context.stateDirectory, "logs"), clock, context.emit);
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
    },
    service: createLogsApi({ accountId, region, clock, store }),
    append(logGroup, logStream, line) {
      const now = clock();
      store.append(logGroup, logStream, [{ timestamp: now, ingestionTime: now, message: line }]);
    },
    start: () => store.open(),
    stop: () => store.flush(),
  };
}
