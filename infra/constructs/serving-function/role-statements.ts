/**
 * What a serving function may call, one list for two readers: its role, and the endpoints of its network, which let through what the
 * roles behind them allow. Not here: its log and its traces, which Lambda sends.
 */
import type { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Stack } from "aws-cdk-lib/core";
import type { EndpointRoute } from "../../endpoint-routes.ts";
import type { UpstreamRoute } from "../../upstream-routes.ts";
import { endpointStatements } from "./endpoint-permissions.ts";
import {
  callFunctions,
  keepAnswers,
  keepFiles,
  keepJobs,
  readModels,
  readRegistry,
  readTenants,
  readUsage,
  recordRequests,
  startJobs,
  sweepStreams,
  writeBudgets,
} from "./permissions.ts";
import type { ServingState } from "./serving-state.ts";
import { upstreamStatements } from "./upstream-permissions.ts";

export interface ServingCalls {
  readonly state: ServingState;
  /** Everything below /v1 goes to it: jobs, files, batches. */
  readonly isRouter: boolean;
  readonly holdsModels: boolean;
  /** Of the function itself, without a version. */
  readonly ownArn: string;
  readonly forwardsToArns: readonly string[];
  readonly endpoints: readonly EndpointRoute[];
  readonly upstreams: readonly UpstreamRoute[];
}

export function roleStatements(stack: Stack, calls: ServingCalls): readonly PolicyStatement[] {
  const { state, isRouter, holdsModels, ownArn, forwardsToArns, endpoints, upstreams } = calls;
  return [
    readRegistry(state.registryTable.arn),
    readTenants(state.tenantsTable.arn),
    writeBudgets(state.tenantsTable.arn),
    recordRequests(state.requestsTable.arn),
    keepAnswers(state.answerBucket.arn),
    readUsage(state.usageTable.arn),
    ...(isRouter
      ? [
          keepJobs(state.jobsTable.arn),
          startJobs(ownArn),
          keepFiles(state.fileBucket.arn),
          sweepStreams(state.requestsTable.arn),
        ]
      : []),
    ...(holdsModels ? [readModels(state.modelBucket.arn)] : []),
    ...(forwardsToArns.length === 0 ? [] : [callFunctions([...forwardsToArns])]),
    ...endpointStatements(stack, state.modelBucket.arn, endpoints),
    ...upstreamStatements(stack, upstreams),
  ];
}
