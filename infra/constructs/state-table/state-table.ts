/** A DynamoDB table as all state of ours lies in: keys `pk` and `sk`, on demand, encrypted with AWS's own key (free). */

import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from "aws-cdk-lib/aws-dynamodb";
import { type RemovalPolicy, Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";

export interface StateTableProps {
  /** Whether items share a partition and are told apart by `sk`. */
  readonly sortKey: boolean;
  readonly removalPolicy: RemovalPolicy;
  /** Point-in-time recovery and deletion protection. */
  readonly protect: boolean;
}

export interface TableIndex {
  readonly name: string;
  /** Its partition key, an attribute of type S. */
  readonly text: string;
  /** Its sort key, an attribute of type N. */
  readonly number: string;
}

/** Number, seconds since the epoch; DynamoDB deletes the item some time after, so readers check expiry themselves. */
const TIME_TO_LIVE_ATTRIBUTE = "ttl";

export class StateTable extends Table {
  constructor(scope: Construct, id: string, { sortKey, removalPolicy, protect }: StateTableProps) {
    super(scope, id, {
      partitionKey: { name: "pk", type: AttributeType.STRING },
      ...(sortKey && { sortKey: { name: "sk", type: AttributeType.STRING } }),
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.DEFAULT,
      timeToLiveAttribute: TIME_TO_LIVE_ATTRIBUTE,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: protect },
      deletionProtection: protect,
      removalPolicy,
    });
    if (protect) return;
    Validations.of(this).acknowledge({
      id: "AwsSolutions-DDB3",
      reason: "protectData is off for this environment in farthing.config.ts: what it holds can be published again.",
    });
  }

  /** An index of the items that have both attributes, and of nothing but their keys. */
  indexOf({ name, text, number }: TableIndex): void {
    this.addGlobalSecondaryIndex({
      indexName: name,
      partitionKey: { name: text, type: AttributeType.STRING },
      sortKey: { name: number, type: AttributeType.NUMBER },
      projectionType: ProjectionType.KEYS_ONLY,
    });
  }
}
