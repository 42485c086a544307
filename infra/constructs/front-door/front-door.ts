/**
 * The HTTPS API: one regional REST API, because only REST streams. Every integration streams, also for buffered answers:
 * that lifts the 29 s limit to 15 minutes. Keys are checked by the function, in each protocol's own error form.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
 */

import {
  EndpointType,
  type IResource,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  ResponseTransferMode,
  RestApi,
} from "aws-cdk-lib/aws-apigateway";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import { Duration, Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { ACCESS_LOG_FORMAT } from "./access-log-format.ts";
import { addGatewayErrors } from "./gateway-errors.ts";

export interface FrontDoorProps {
  readonly environment: string;
  readonly router: RoutedFunction;
  /** Models with a route of their own, to the function that holds them. */
  readonly models: readonly { readonly name: string; readonly target: RoutedFunction }[];
  readonly throttle: { readonly requestsPerSecond: number; readonly burst: number };
  readonly accessLog: ILogGroup;
  readonly tracing: boolean;
  /** Whether only a custom domain reaches the API. */
  readonly closeDefaultEndpoint: boolean;
  /** Whether a firewall stands before the stage. */
  readonly firewall: boolean;
}

export interface RoutedFunction {
  readonly function: IFunction;
  readonly timeoutSeconds: number;
}

/** The gateway must wait longer than the function runs, or a late answer is lost though it was paid for. */
const GATEWAY_MARGIN_SECONDS = 5;

export class FrontDoor extends Construct {
  readonly api: RestApi;
  private readonly integrations = new Map<IFunction, LambdaIntegration>();

  constructor(scope: Construct, id: string, props: FrontDoorProps) {
    super(scope, id);
    const { environment, router, models, throttle, accessLog, tracing, closeDefaultEndpoint, firewall } = props;
    this.api = new RestApi(this, "Api", {
      restApiName: `farthing-${environment}`,
      description: `Farthing ${environment}: models over OpenAI's and the Open Inference Protocol`,
      endpointTypes: [EndpointType.REGIONAL],
      // tritonclient sends binary bodies without a content type that could be listed.
      binaryMediaTypes: ["*/*"],
      disableExecuteApiEndpoint: closeDefaultEndpoint,
      cloudWatchRole: false,
      deployOptions: {
        stageName: environment,
        throttlingRateLimit: throttle.requestsPerSecond,
        throttlingBurstLimit: throttle.burst,
        accessLogDestination: new LogGroupLogDestination(accessLog),
        accessLogFormat: ACCESS_LOG_FORMAT,
        loggingLevel: MethodLoggingLevel.OFF,
        metricsEnabled: false,
        tracingEnabled: tracing,
      },
    });
    this.addRoutes(router, models);
    addGatewayErrors(this.api);
    this.acknowledgeFindings(firewall);
  }

  private addRoutes(router: RoutedFunction, models: FrontDoorProps["models"]): void {
    const { root } = this.api;
    this.route(root.addResource("v1").addResource("{proxy+}"), router);
    const v2 = root.addResource("v2");
    this.route(v2, router);
    this.route(v2.addResource("{proxy+}"), router);
    // These two paths exist because models lie below them; without methods of their own they would end in "no such path".
    const v2Models = v2.addResource("models");
    this.route(v2Models, router);
    this.route(v2Models.addResource("{proxy+}"), router);
    for (const { name, target } of models) {
      const model = v2Models.addResource(name);
      this.route(model, target);
      this.route(model.addResource("{proxy+}"), target);
    }
  }

  private route(resource: IResource, target: RoutedFunction): void {
    resource.addMethod("ANY", this.integration(target));
  }

  /** One for each function: its invoke permission is for the API as a whole, since a function's policy ends at 20 KB. */
  private integration({ function: handler, timeoutSeconds }: RoutedFunction): LambdaIntegration {
    const known = this.integrations.get(handler);
    if (known !== undefined) return known;
    const integration = new LambdaIntegration(handler, {
      responseTransferMode: ResponseTransferMode.STREAM,
      timeout: Duration.seconds(timeoutSeconds + GATEWAY_MARGIN_SECONDS),
      scopePermissionToMethod: false,
    });
    this.integrations.set(handler, integration);
    return integration;
  }

  private acknowledgeFindings(firewall: boolean): void {
    Validations.of(this.api).acknowledge(
      {
        id: "AwsSolutions-APIG2",
        reason: "The function validates each request against the protocol and the model, and names the wrong field.",
      },
      {
        id: "AwsSolutions-APIG4",
        reason:
          "API keys are checked in the function: one path for cloud, local and on-premises, no second cold start or bill.",
      },
      { id: "AwsSolutions-COG4", reason: "Customers are programs with API keys, not people who log in with Cognito." },
      {
        id: "AwsSolutions-APIG6",
        reason:
          "Execution logs go to a group that API Gateway creates without retention; the access log carries its errors.",
      },
    );
    if (firewall) return;
    Validations.of(this.api).acknowledge({
      id: "AwsSolutions-APIG3",
      reason: "waf is off for this environment in farthing.config.ts: it costs 7 USD a month before the first request.",
    });
  }
}
