/** The customers' door: REST API, firewall, custom domain, and the alarm on failed requests. */

import { Metric } from "aws-cdk-lib/aws-cloudwatch";
import { type IFunction, Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { ArnFormat, CfnOutput, Duration, Stack, type StackProps } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { AccountLogRole } from "../constructs/account-log-role/account-log-role.ts";
import { FailureAlarm } from "../constructs/alarms/failure-alarm.ts";
import { CustomDomain } from "../constructs/custom-domain/custom-domain.ts";
import { Firewall } from "../constructs/firewall/firewall.ts";
import { FrontDoor, type RoutedFunction } from "../constructs/front-door/front-door.ts";
import { NamedLogGroup } from "../constructs/log-group/log-group.ts";
import { calledFunctionName } from "../constructs/serving-function/serving-function.ts";
import type { PlannedConfig } from "../planned-functions.ts";
import { removalPolicyOf } from "./data-stack.ts";

export interface ApiStackProps extends StackProps {
  readonly environment: string;
  readonly config: PlannedConfig;
  /** Deployments with environments that are kept ready: these are called by their alias. */
  readonly provisioned: ReadonlyMap<string, unknown>;
}

/** Share of requests that may fail for reasons of ours before the alarm: 1 %. */
const FAILED_SHARE = 0.01;

export class ApiStack extends Stack {
  private readonly provisioned: ReadonlyMap<string, unknown>;

  constructor(scope: Construct, id: string, { environment, config, provisioned, ...props }: ApiStackProps) {
    super(scope, id, props);
    this.provisioned = provisioned;
    const router = {
      function: this.servingFunction(environment, "router"),
      timeoutSeconds: config.router.timeoutSeconds,
    };
    const { api } = new FrontDoor(this, "FrontDoor", {
      environment,
      router,
      models: this.modelRoutes(environment, config, router),
      throttle: config.throttle,
      accessLog: new NamedLogGroup(this, "AccessLog", {
        environment,
        name: "access",
        retentionDays: config.logs.retentionDays,
        removalPolicy: removalPolicyOf(config),
      }),
      tracing: config.tracing,
      closeDefaultEndpoint: config.domain !== undefined,
      firewall: config.waf !== false,
    });
    if (config.accountLogRole) api.deploymentStage.node.addDependency(new AccountLogRole(this, "AccountLogRole"));
    if (config.waf !== false) {
      new Firewall(this, "Firewall", { environment, stageArn: api.deploymentStage.stageArn, ...config.waf });
    }
    if (config.alarms !== false) this.failureAlarm(api.restApiName, environment, config.alarms.topicArn);
    const domain = config.domain && new CustomDomain(this, "CustomDomain", { api, ...config.domain });
    new CfnOutput(this, "ApiUrl", { value: domain?.url ?? api.url });
    if (domain === undefined) return;
    new CfnOutput(this, "DomainTarget", { value: domain.target });
    new CfnOutput(this, "DomainTargetHostedZoneId", { value: domain.targetHostedZoneId });
  }

  private modelRoutes(environment: string, { router: { holds }, modelGroups }: PlannedConfig, router: RoutedFunction) {
    return modelGroups.flatMap(({ name: group, models, timeoutSeconds }) => {
      if (models.length === 0) return [];
      const target = group === holds ? router : { function: this.servingFunction(environment, group), timeoutSeconds };
      return models.map((name) => ({ name, target }));
    });
  }

  /**
   * By its name, not by an export of the models' stack: an export in use cannot be removed, so a group that is taken out
   * of the configuration would need two deployments.
   */
  private servingFunction(environment: string, deployment: string): IFunction {
    return LambdaFunction.fromFunctionAttributes(this, `Function-${deployment}`, {
      functionArn: this.formatArn({
        service: "lambda",
        resource: "function",
        resourceName: calledFunctionName(environment, deployment, this.provisioned.has(deployment)),
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
      sameEnvironment: true,
    });
  }

  private failureAlarm(apiName: string, stage: string, topicArn: string | undefined): void {
    new FailureAlarm(this, "FailedRequests", {
      metric: new Metric({
        namespace: "AWS/ApiGateway",
        metricName: "5XXError",
        dimensionsMap: { ApiName: apiName, Stage: stage },
        statistic: "Average",
        period: Duration.minutes(5),
      }),
      threshold: FAILED_SHARE,
      description: `More than ${FAILED_SHARE * 100} % of requests failed for reasons of ours`,
      topicArn,
    });
  }
}
