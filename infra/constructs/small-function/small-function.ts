/**
 * A function that works beside the serving ones, on lines or by the clock: its log, a role that may do what it is given and
 * nothing else, and itself. One handler in one bundle; what it does with its time does not depend on the machine.
 */
import { PolicyDocument, type PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  ApplicationLogLevel,
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
} from "aws-cdk-lib/aws-lambda";
import { AssetHashType, Duration } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import type { SmallFunctionName } from "../../small-function-names.ts";
import type { FunctionBundle } from "../function-bundle/function-bundle.ts";
import { NamedLogGroup } from "../log-group/log-group.ts";
import { writeLog } from "../serving-function/permissions.ts";
import type { Operations } from "../serving-function/serving-function.ts";

export interface SmallFunctionProps {
  readonly environment: string;
  readonly bundle: FunctionBundle;
  readonly operations: Omit<Operations, "tracing">;
}

export interface SmallFunctionDefinition {
  readonly name: SmallFunctionName;
  readonly description: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** What it may do, under the policy's name; its own log is added. */
  readonly policy: { readonly name: string; readonly statements: readonly PolicyStatement[] };
  readonly variables: Readonly<Record<string, string>>;
}

export abstract class SmallFunction extends Construct {
  readonly function: LambdaFunction;
  readonly functionName: string;
  protected readonly role: Role;

  constructor(scope: Construct, id: string, props: SmallFunctionProps, definition: SmallFunctionDefinition) {
    super(scope, id);
    const { environment, bundle, operations } = props;
    const { name, policy } = definition;
    this.functionName = `farthing-${environment}-${name}`;
    const logGroup = new NamedLogGroup(this, "Log", {
      environment,
      name,
      retentionDays: operations.logRetentionDays,
      removalPolicy: operations.logRemovalPolicy,
    });
    this.role = new Role(this, "Role", {
      description: `What ${this.functionName} may do`,
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: {
        [policy.name]: new PolicyDocument({ statements: [...policy.statements, writeLog(logGroup.logGroupArn)] }),
      },
    });
    this.function = new LambdaFunction(this, "Function", {
      functionName: this.functionName,
      description: definition.description,
      code: Code.fromAsset(bundle.directory, {
        assetHash: bundle.contentHash,
        assetHashType: AssetHashType.CUSTOM,
      }),
      handler: "index.handler",
      runtime: Runtime.NODEJS_24_X,
      // The cheaper one.
      architecture: Architecture.ARM_64,
      memorySize: definition.memoryMb,
      timeout: Duration.seconds(definition.timeoutSeconds),
      role: this.role.withoutPolicyUpdates(),
      environment: { ...definition.variables },
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      systemLogLevelV2: SystemLogLevel[operations.platformLogLevel],
    });
  }
}
