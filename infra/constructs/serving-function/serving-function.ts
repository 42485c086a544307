/**
 * One deployment of the serving handler. All deployments run the same bundle; what differs is memory, architecture,
 * layer, variables and permissions. The role is written here and closed: nothing the CDK would add reaches it.
 */

import { PolicyDocument, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  ApplicationLogLevel,
  Architecture,
  type CfnFunction,
  Code,
  type ILayerVersion,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import { ArnFormat, AssetHashType, Duration, type RemovalPolicy, Stack, Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import type { CompleteProvisioning } from "../../../core/planner/plan-from-prices.ts";
import type { DeployedFunction } from "../../../core/pricing/deployed-functions.ts";
import type { CostRates } from "../../../core/pricing/request-cost.ts";
import type { EndpointRoute } from "../../endpoint-routes.ts";
import type { NetworkPlace } from "../../network-place.ts";
import type { CacheAddress } from "../../stacks/cache-stack.ts";
import type { UpstreamRoute } from "../../upstream-routes.ts";
import type { WebhookReceiver } from "../../webhook-options.ts";
import type { FunctionBundle } from "../function-bundle/function-bundle.ts";
import { JobSweep } from "../job-sweep/job-sweep.ts";
import { NamedLogGroup } from "../log-group/log-group.ts";
import type { ManagedCapacity } from "../managed-capacity/managed-capacity.ts";
import { LIVE_ALIAS, ProvisionedAlias } from "../provisioned-alias/provisioned-alias.ts";
import { cacheStatements } from "./cache-permissions.ts";
import { forbidInterfaces, manageInterfaces, sendTraces, writeLog } from "./permissions.ts";
import { roleStatements } from "./role-statements.ts";
import type { ServingState } from "./serving-state.ts";
import { requireRoomFor } from "./variable-room.ts";
import { type ModelCache, servingVariables } from "./variables.ts";

export type { ImportedResource, ServingState } from "./serving-state.ts";

export interface ServingFunctionProps {
  readonly environment: string;
  /** `router` or the group's name. */
  readonly deployment: string;
  readonly description: string;
  readonly bundle: FunctionBundle;
  readonly size: FunctionSize;
  readonly state: ServingState;
  /** What the price book says of requests. Undefined: cards whose price follows the cost are not served. */
  readonly costRates?: CostRates | undefined;
  /** Silence of an answer under way after which it gives a sign of life. Default: 15. */
  readonly heartbeatSeconds?: number | undefined;
  readonly operations: Operations;
  /** What it holds; undefined: no model. */
  readonly holds?: HeldGroup | undefined;
  /** Undefined: on demand. */
  readonly instances?: FunctionInstances | undefined;
  /** Environments that are kept ready. Undefined: none. */
  readonly provisioned?: CompleteProvisioning | undefined;
  /** Group → the function that holds it. Undefined: this deployment never forwards. */
  readonly forwardsTo?: ReadonlyMap<string, ServingFunction> | undefined;
  /** Models on GPU endpoints that it calls and wakes. Default: none. */
  readonly endpoints?: readonly EndpointRoute[] | undefined;
  /** Servers that speak OpenAI's API, which it calls. Default: none. */
  readonly upstreams?: readonly UpstreamRoute[] | undefined;
  /** Receivers of webhooks inside the network, which it calls. Default: none. */
  readonly webhookReceivers?: readonly WebhookReceiver[] | undefined;
  /** Undefined: it keeps answers to itself. */
  readonly cache?: CacheAddress | undefined;
  /** Where its calls go out, and the cache is. Undefined: at Lambda, with the internet before it. */
  readonly network?: NetworkPlace | undefined;
}

export interface FunctionSize {
  readonly memoryMb: number;
  /** Instruction set of the function and of its layer. */
  readonly arch: "x64" | "arm64";
  readonly timeoutSeconds: number;
  readonly reservedConcurrency?: number | undefined;
}

/** A function that holds many requests at once, on instances of its own. */
export interface FunctionInstances {
  readonly capacity: ManagedCapacity;
  readonly memoryGibPerVcpu: number;
  readonly concurrency: number;
  readonly workers: number;
  readonly modelCache: ModelCache;
  readonly minEnvironments: number;
  readonly maxEnvironments: number | undefined;
}

export interface HeldGroup {
  readonly name: string;
  readonly preload: readonly string[];
  readonly layer: ILayerVersion;
}

export interface Operations {
  readonly logRetentionDays: number;
  readonly logRemovalPolicy: RemovalPolicy;
  readonly platformLogLevel: "INFO" | "WARN";
  readonly tracing: boolean;
}

export class ServingFunction extends Construct {
  readonly function: LambdaFunction;
  readonly functionName: string;
  /** What it is billed by. */
  readonly billed: DeployedFunction;
  /** By which it is called: its alias, where environments are kept ready. */
  readonly calledName: string;
  readonly calledArn: string;

  constructor(scope: Construct, id: string, props: ServingFunctionProps) {
    super(scope, id);
    const {
      environment,
      deployment,
      size,
      state,
      operations,
      holds,
      instances,
      provisioned,
      forwardsTo,
      endpoints = [],
      upstreams = [],
      cache,
      network,
      costRates,
      heartbeatSeconds,
    } = props;
    this.billed = { memoryMegabytes: size.memoryMb, architecture: size.arch === "arm64" ? "arm64" : "x86_64" };
    this.functionName = servingFunctionName(environment, deployment);
    const logGroup = new NamedLogGroup(this, "Log", {
      environment,
      name: deployment,
      retentionDays: operations.logRetentionDays,
      removalPolicy: operations.logRemovalPolicy,
    });
    // Everything below /v1 goes to the router.
    const isRouter = deployment === "router";
    // By its name: the function needs the role first.
    const ownArn = Stack.of(this).formatArn({
      service: "lambda",
      resource: "function",
      resourceName: this.functionName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const role = new Role(this, "Role", {
      description: `What ${this.functionName} may do`,
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: {
        serve: new PolicyDocument({
          statements: [
            ...roleStatements(Stack.of(this), {
              state,
              isRouter,
              holdsModels: holds !== undefined,
              ownArn,
              forwardsToArns: [...(forwardsTo?.values() ?? [])].map((target) => target.calledArn),
              endpoints,
              upstreams,
            }),
            ...cacheStatements(Stack.of(this), cache),
            ...(network === undefined ? [] : [manageInterfaces(), forbidInterfaces(ownArn)]),
            writeLog(logGroup.logGroupArn),
            ...(operations.tracing ? [sendTraces()] : []),
          ],
        }),
      },
    });
    this.acknowledgeWildcards(role, props);
    const variables = servingVariables({
      environment,
      deployment,
      group: holds?.name,
      preload: holds?.preload ?? [],
      remoteGroups:
        forwardsTo && Object.fromEntries([...forwardsTo].map(([group, target]) => [group, target.calledName])),
      registryTable: state.registryTable.name,
      tenantsTable: state.tenantsTable.name,
      usageTable: state.usageTable.name,
      jobsTable: isRouter ? state.jobsTable.name : undefined,
      requestsTable: state.requestsTable.name,
      answerBucket: state.answerBucket.name,
      modelBucket: state.modelBucket.name,
      fileBucket: isRouter ? state.fileBucket.name : undefined,
      costs: costRates && { rates: costRates, self: this.billed, groups: billedGroups(forwardsTo) },
      endpoints,
      upstreams,
      webhookReceivers: props.webhookReceivers,
      cache,
      heartbeatSeconds,
      workers: instances?.workers,
      modelCache: holds && instances?.modelCache,
    });
    requireRoomFor(Stack.of(this).resolve(variables), `the function ${this.functionName}`);
    this.function = new LambdaFunction(this, "Function", {
      functionName: this.functionName,
      description: props.description,
      code: Code.fromAsset(props.bundle.directory, {
        assetHash: props.bundle.contentHash,
        assetHashType: AssetHashType.CUSTOM,
      }),
      handler: "index.handler",
      runtime: Runtime.NODEJS_24_X,
      architecture: size.arch === "arm64" ? Architecture.ARM_64 : Architecture.X86_64,
      memorySize: size.memoryMb,
      timeout: Duration.seconds(size.timeoutSeconds),
      ...(size.reservedConcurrency !== undefined && { reservedConcurrentExecutions: size.reservedConcurrency }),
      role: role.withoutPolicyUpdates(),
      layers: holds === undefined ? [] : [holds.layer],
      environment: variables,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      systemLogLevelV2: SystemLogLevel[operations.platformLogLevel],
      tracing: operations.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
    });
    if (network !== undefined) putInto(network, this.function.node.defaultChild as CfnFunction);
    if (isRouter) new JobSweep(this, "JobSweep", { function: this.function });
    if (instances !== undefined) placeOn(this.function.node.defaultChild as CfnFunction, instances);
    const { functionName, function: owner } = this;
    this.calledName = calledFunctionName(environment, deployment, provisioned !== undefined);
    this.calledArn =
      provisioned === undefined
        ? owner.functionArn
        : new ProvisionedAlias(this, "Live", { function: owner, functionName, provisioned }).functionArn;
  }

  private acknowledgeWildcards(
    role: Role,
    { deployment, holds, operations, state, network, endpoints = [] }: ServingFunctionProps,
  ): void {
    for (const { asynchronous } of endpoints) {
      for (const folder of asynchronous === undefined ? [] : ["requests", "results", "failures"]) {
        Validations.of(role).acknowledge({
          id: `AwsSolutions-IAM5[Resource::${state.modelBucket.arnExport}/${asynchronous?.prefix}${folder}/*]`,
          reason: "Requests that wait in a queue and their answers, each under an id of its own.",
        });
      }
    }
    if (deployment === "router") {
      Validations.of(role).acknowledge({
        id: `AwsSolutions-IAM5[Resource::${state.fileBucket.arnExport}/files/*]`,
        reason: "Files have ids that come into being with each upload, in a folder of their tenant.",
      });
    }
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${state.answerBucket.arnExport}/*]`,
      reason: "Answers that are kept for a day, each under a random token; only to GetObject and PutObject.",
    });
    if (holds !== undefined) {
      for (const folder of ["blobs", "manifests"]) {
        Validations.of(role).acknowledge({
          id: `AwsSolutions-IAM5[Resource::${state.modelBucket.arnExport}/${folder}/*]`,
          reason: `Files are named by digests that come into being with each publish; only ${folder}/ is open, and only to GetObject.`,
        });
      }
    }
    const needed = [
      ...(operations.tracing ? ["X-Ray's two Put actions know no resources"] : []),
      ...(network === undefined ? [] : ["Lambda makes the interfaces of the network by itself"]),
    ];
    if (needed.length > 0) {
      Validations.of(role).acknowledge({
        id: "AwsSolutions-IAM5[Resource::*]",
        reason: `${needed.join("; ")}; nothing else in this role has a wildcard resource.`,
      });
    }
  }
}

/** An unqualified ARN means `$LATEST.PUBLISHED` there. https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-version-publishing.html */
function placeOn(resource: CfnFunction, instances: FunctionInstances): void {
  resource.capacityProviderConfig = {
    lambdaManagedInstancesCapacityProviderConfig: {
      capacityProviderArn: instances.capacity.arn,
      executionEnvironmentMemoryGiBPerVCpu: instances.memoryGibPerVcpu,
      perExecutionEnvironmentMaxConcurrency: instances.concurrency,
    },
  };
  resource.functionScalingConfig = {
    minExecutionEnvironments: instances.minEnvironments,
    ...(instances.maxEnvironments !== undefined && { maxExecutionEnvironments: instances.maxEnvironments }),
  };
  resource.publishToLatestPublished = true;
}

/** By the resource itself: the CDK's own option would attach AWS's managed policy to the role. */
function putInto({ subnetIds, securityGroupIds }: NetworkPlace, resource: CfnFunction): void {
  resource.vpcConfig = { subnetIds: [...subnetIds], securityGroupIds: [...securityGroupIds] };
}

/** Chosen by us, so that the API's stack and the router can name a function without importing from its stack. */
export const servingFunctionName = (environment: string, deployment: string): string =>
  `farthing-${environment}-${deployment}`;

export const calledFunctionName = (environment: string, deployment: string, provisioned: boolean): string =>
  servingFunctionName(environment, deployment) + (provisioned ? `:${LIVE_ALIAS}` : "");

const billedGroups = (functions: ReadonlyMap<string, ServingFunction> = new Map()) =>
  Object.fromEntries([...functions].map(([group, { billed }]) => [group, billed]));
