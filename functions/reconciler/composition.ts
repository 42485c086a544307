/** Chooses the parts that the reconciler is made of; nothing else happens here. */
import { Logger } from "@aws-lambda-powertools/logger";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { administeredTable } from "../../adapters/dynamodb/administered-table.ts";
import { apiKeyReaderOn } from "../../adapters/dynamodb/api-key-table.ts";
import { accountDirectoryOn } from "../../adapters/dynamodb/lease-table.ts";
import { tenantReaderOn } from "../../adapters/dynamodb/tenant-table.ts";
import { usageStoreOn } from "../../adapters/dynamodb/usage-table.ts";
import { systemClock } from "../../adapters/system-clock.ts";
import { reconcileLeases } from "../../core/metering/reconcile-leases.ts";
import { reconcileUsage } from "../../core/metering/reconcile-usage.ts";
import { uncountableLines } from "../../core/metering/uncountable-lines.ts";
import { readUsageDelivery } from "../../core/metering/usage-delivery.ts";
import type { UsageLine } from "../../core/metering/usage-line.ts";
import { lineCostPicodollars } from "../../core/pricing/cost/line-cost.ts";
import type { ReconcilerEnvironment } from "./environment.ts";

/** Throws when lines could not be counted, so that Lambda delivers them again. */
export type Reconciler = (event: unknown) => Promise<void>;

/** Leases are settled no sooner than three quarters of an hour after they end: a few minutes more make no difference. */
const LEASES_EVERY_MILLIS = 10 * 60_000;

export function compose({ environment, usageTable, tenantsTable, lineCosts }: ReconcilerEnvironment): Reconciler {
  const dynamodb = new DynamoDBClient({});
  const store = usageStoreOn(administeredTable(dynamodb, usageTable));
  const tenantsItems = administeredTable(dynamodb, tenantsTable);
  const tenants = tenantReaderOn(tenantsItems);
  const keys = apiKeyReaderOn(tenantsItems);
  const accounts = accountDirectoryOn(tenantsItems);
  const logger = new Logger();
  let leasesAtMillis = Number.NEGATIVE_INFINITY;

  const costOf = (line: UsageLine) => lineCostPicodollars(lineCosts, line);
  const isDeleted = async (tenant: string) => (await tenants.find(tenant))?.state === "deleted";

  /** Usage is counted whether this goes well or not; the next delivery tries again. */
  async function settleLeases(): Promise<void> {
    const nowMillis = systemClock.epochMillis();
    if (nowMillis - leasesAtMillis < LEASES_EVERY_MILLIS) return;
    leasesAtMillis = nowMillis;
    try {
      const tenantOfKey = async (hash: string) => (await keys.find(hash))?.tenant;
      const { settled, releasedPicodollars, waiting } = await reconcileLeases(nowMillis, {
        accounts,
        usage: store,
        tenantOfKey,
      });
      if (settled > 0 || waiting > 0) {
        logger.info("leases", { settled, waiting, releasedPicodollars: String(releasedPicodollars) });
      }
    } catch (error) {
      logger.warn("leases could not be settled", { error: error as Error });
    }
  }

  return async (event) => {
    const { logGroup, logStream, lines, problems, uncountable } = readUsageDelivery(event);
    if (uncountable > 0) {
      const metric = uncountableLines(environment, uncountable, systemClock.epochMillis());
      logger.error("usage lines that cannot be counted", { logGroup, logStream, problems, ...metric });
    }
    const { missing, dropped } = await reconcileUsage(lines, { store, isDeleted, costOf });
    if (missing > 0 || dropped > 0) logger.info("usage lines", { logGroup, logStream, missing, dropped });
    await settleLeases();
  };
}
