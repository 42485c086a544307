import { type ApiGatewaySimulator, createApiGatewaySimulator } from "../../../local/api-gateway/simulator.ts";
import type { LambdaOptions } from "../../../local/lambda/options.ts";
import { MAY_WRITE_LOGS, type RunningLambda, startLambda } from "../lambda/running-lambda.ts";

export interface RunningGateway extends RunningLambda {
  readonly gateway: ApiGatewaySimulator;
  readonly apiId: string;
  /** Adds what is missing of the path's resources, a method, its integration and the permission to invoke. */
  addRoute(path: string, functionName: string, route?: Route): Promise<void>;
  /** After all routes: the stage, served on a free port. */
  deploy(stage?: Record<string, unknown>): Promise<string>;
  /** The same, served by the threads of a function where there is one that can. */
  deployInThreads(stage?: Record<string, unknown>): Promise<string>;
}

interface Route {
  readonly httpMethod?: string;
  readonly transferMode?: "STREAM" | "BUFFERED";
  readonly timeoutMillis?: number;
  readonly permitted?: boolean;
  readonly method?: Record<string, unknown>;
}

export async function startGateway(
  api: Record<string, unknown> = { BinaryMediaTypes: ["*/*"] },
  options: Partial<LambdaOptions> = {},
): Promise<RunningGateway> {
  const running = await startLambda(options, MAY_WRITE_LOGS);
  const gateway = createApiGatewaySimulator(running.context, {
    functions: running.lambda,
    logs: { append: (group, _stream, line) => running.lines.push([group, line]) },
  });
  let made = 0;
  const create = async (type: string, properties: Record<string, unknown>) => {
    const behaviour = gateway.resources[type];
    if (behaviour === undefined) return running.create(type, properties);
    return behaviour.create({ stack: "test", logicalId: `Gateway${++made}`, type, properties });
  };
  const restApi = await create("AWS::ApiGateway::RestApi", {
    Name: "api",
    EndpointConfiguration: { Types: ["REGIONAL"] },
    ...api,
  });
  const apiId = restApi.ref;
  const resourceIds = new Map([["/", restApi.attributes?.RootResourceId ?? ""]]);
  const resourceId = async (path: string): Promise<string> => {
    const known = resourceIds.get(path);
    if (known !== undefined) return known;
    const cut = path.lastIndexOf("/");
    const ParentId = await resourceId(path.slice(0, cut) || "/");
    const { ref } = await create("AWS::ApiGateway::Resource", {
      RestApiId: apiId,
      ParentId,
      PathPart: path.slice(cut + 1),
    });
    resourceIds.set(path, ref);
    return ref;
  };
  const createStage = async (stage: Record<string, unknown>): Promise<void> => {
    const deployment = await create("AWS::ApiGateway::Deployment", { RestApiId: apiId });
    await create("AWS::ApiGateway::Stage", {
      RestApiId: apiId,
      DeploymentId: deployment.ref,
      StageName: "live",
      ...stage,
    });
  };
  return {
    ...running,
    create,
    gateway,
    apiId,
    async addRoute(path, functionName, route = {}) {
      const { httpMethod = "ANY", transferMode = "STREAM", timeoutMillis, permitted = true, method = {} } = route;
      const arn = `arn:aws:lambda:us-east-1:123456789012:function:${functionName}`;
      await create("AWS::ApiGateway::Method", {
        RestApiId: apiId,
        ResourceId: await resourceId(path),
        HttpMethod: httpMethod,
        AuthorizationType: "NONE",
        Integration: {
          Type: "AWS_PROXY",
          IntegrationHttpMethod: "POST",
          ResponseTransferMode: transferMode,
          ...(timeoutMillis === undefined ? {} : { TimeoutInMillis: timeoutMillis }),
          Uri:
            transferMode === "STREAM"
              ? `arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/${arn}/response-streaming-invocations`
              : `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${arn}/invocations`,
        },
        ...method,
      });
      if (!permitted) return;
      await create("AWS::Lambda::Permission", {
        Action: "lambda:InvokeFunction",
        FunctionName: arn,
        Principal: "apigateway.amazonaws.com",
        SourceArn: `arn:aws:execute-api:us-east-1:123456789012:${apiId}/live/*${path.replaceAll(/\{[^}]+\}/g, "*")}`,
      });
    },
    async deploy(stage = {}) {
      await createStage(stage);
      return gateway.listen(0);
    },
    async deployInThreads(stage = {}) {
      await createStage(stage);
      return gateway.listenInThreads(0);
    },
    async stop() {
      await gateway.stop?.();
      await running.stop();
    },
  };
}
