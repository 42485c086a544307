import { join } from "node:path";
import type { MetricRecorder } from "../cloudwatch/simulator.ts";
import type { ResourceBehaviour, Simulator, SimulatorContext } from "../simulator.ts";
import { createDynamoDbApi } from "./api.ts";
import { createConsumedCapacity } from "./consumed-capacity.ts";
import { type Dynalite, openDynalite } from "./dynalite.ts";
import { KeySchemas } from "./key-schemas.ts";
import { createTable, HONOURED_PROPERTIES, rememberTables } from "./tables.ts";

const IGNORED = {
  BillingMode: "capacity is not simulated: nothing is throttled",
  ContributorInsightsSpecification: "a report in the console",
  DeletionProtectionEnabled: "tables are never deleted here; the state directory is yours",
  ImportSourceSpecification: "imports are not simulated",
  OnDemandThroughput: "capacity is not simulated: nothing is throttled",
  PointInTimeRecoverySpecification: "copy the state directory instead",
  ProvisionedThroughput: "capacity is not simulated: nothing is throttled",
  Replicas: "there is one region here",
  SSESpecification: "the disk's own encryption applies",
  TableClass: "a price",
  Tags: "no policy here compares tags",
  TimeToLiveSpecification:
    "items are kept: deletion by DynamoDB comes up to days late, so the product checks expiry itself",
  WarmThroughput: "capacity is not simulated: nothing is throttled",
  WriteOnDemandThroughputSettings: "capacity is not simulated: nothing is throttled",
  WriteProvisionedThroughputSettings: "capacity is not simulated: nothing is throttled",
} as const;

/** DynamoDB by dynalite, in this process, kept in `<state>/dynamodb`. */
export function createDynamoDbSimulator(
  context: Pick<SimulatorContext, "accountId" | "region" | "stateDirectory" | "clock">,
  /** Told of the units that calls take. Default: nobody. */
  { metrics }: { readonly metrics?: MetricRecorder } = {},
): Simulator {
  const { accountId, region, clock } = context;
  const keySchemas = new KeySchemas();
  let opening: Promise<Dynalite> | undefined;
  let opened: Dynalite | undefined;

  const open = (): Promise<Dynalite> => {
    opening ??= openDynalite(join(context.stateDirectory, "dynamodb"), { accountId, region }).then(async (dynalite) => {
      await rememberTables(dynalite, keySchemas);
      opened = dynalite;
      return dynalite;
    });
    return opening;
  };
  const running = (): Dynalite => {
    if (opened === undefined) throw new Error("DynamoDB was called before the platform started or after it stopped.");
    return opened;
  };
  const table: ResourceBehaviour = {
    honoured: HONOURED_PROPERTIES,
    ignored: IGNORED,
    create: async (resource) => createTable(resource, await open(), keySchemas),
  };

  return {
    resources: { "AWS::DynamoDB::Table": table, "AWS::DynamoDB::GlobalTable": table },
    service: createDynamoDbApi(
      running,
      { accountId, region, keySchemas },
      metrics && createConsumedCapacity(metrics, clock),
    ),
    async start() {
      await open();
    },
    async stop() {
      const dynalite = await opening?.catch(() => undefined);
      opened = undefined;
      opening = undefined;
      await dynalite?.close();
    },
  };
}
