import { createHash } from "node:crypto";
import type { ResolvedResource, ResourceBehaviour } from "../simulator.ts";
import { readIntegration } from "./integration.ts";
import {
  readDeployment,
  readGatewayResponse,
  readMethod,
  readResource,
  readRestApi,
  readStage,
  readValidator,
  type StageProperties,
} from "./resource-properties.ts";
import type { RestApi, Stage } from "./rest-api.ts";

const HEADER_PARAMETER = "gatewayresponse.header.";

/** Every resource type of API Gateway that has a meaning here, or a reason to have none. */
export function apiGatewayResources(apis: Map<string, RestApi>): Readonly<Record<string, ResourceBehaviour>> {
  const apiOf = (id: string): RestApi => {
    const api = apis.get(id);
    if (api === undefined)
      throw new Error(`There is no REST API ${id}; known are: ${[...apis.keys()].join(", ") || "none"}.`);
    return api;
  };

  return {
    "AWS::ApiGateway::RestApi": {
      honoured: ["BinaryMediaTypes", "EndpointConfiguration", "Name"],
      ignored: {
        ApiKeySourceType: "no method here asks for an API key of API Gateway",
        Description: "text for people",
        DisableExecuteApiEndpoint: "there is one door here, which stands for the custom domain",
        Tags: "no policy here compares tags",
      },
      async create(resource) {
        const { Name, BinaryMediaTypes, EndpointConfiguration } = readRestApi(resource);
        const id = shortId(resource);
        const rootResourceId = shortId(resource, "root");
        const [endpointType = "EDGE"] = EndpointConfiguration?.Types ?? [];
        apis.set(id, {
          id,
          name: Name ?? resource.logicalId,
          rootResourceId,
          endpointType,
          binaryMediaTypes: BinaryMediaTypes,
          resources: new Map([[rootResourceId, { id: rootResourceId, path: "/", methods: new Map() }]]),
          gatewayResponses: new Map(),
          stages: new Map(),
          validators: new Map(),
        });
        return { ref: id, attributes: { RestApiId: id, RootResourceId: rootResourceId } };
      },
    },

    "AWS::ApiGateway::Resource": {
      honoured: ["ParentId", "PathPart", "RestApiId"],
      async create(resource) {
        const { RestApiId, ParentId, PathPart } = readResource(resource);
        const { resources } = apiOf(RestApiId);
        const parent = resources.get(ParentId);
        if (parent === undefined)
          throw new Error(`${resource.logicalId}: REST API ${RestApiId} has no resource ${ParentId}.`);
        const id = shortId(resource);
        resources.set(id, { id, path: `${parent.path === "/" ? "" : parent.path}/${PathPart}`, methods: new Map() });
        return { ref: id, attributes: { ResourceId: id } };
      },
    },

    "AWS::ApiGateway::Method": {
      honoured: [
        "ApiKeyRequired",
        "AuthorizationType",
        "HttpMethod",
        "Integration",
        "RequestModels",
        "RequestParameters",
        "RequestValidatorId",
        "ResourceId",
        "RestApiId",
      ],
      ignored: {
        MethodResponses: "proxy integrations pass every answer on; they describe it for people and SDKs",
        OperationName: "text for people",
      },
      async create(resource) {
        const properties = readMethod(resource);
        const { AuthorizationType, ApiKeyRequired, HttpMethod, RequestValidatorId, RequestParameters } = properties;
        const api = apiOf(properties.RestApiId);
        const target = api.resources.get(properties.ResourceId);
        if (target === undefined) {
          throw new Error(`${resource.logicalId}: REST API ${api.id} has no resource ${properties.ResourceId}.`);
        }
        const where = `${HttpMethod} ${target.path}`;
        if (AuthorizationType !== "NONE" || ApiKeyRequired) {
          throw new Error(`${where}: only AuthorizationType "NONE" without ApiKeyRequired is simulated.`);
        }
        const validator = RequestValidatorId === undefined ? undefined : api.validators.get(RequestValidatorId);
        if (validator?.body && properties.RequestModels !== undefined) {
          throw new Error(`${where}: validating bodies against RequestModels is not simulated.`);
        }
        target.methods.set(HttpMethod, {
          httpMethod: HttpMethod,
          integration: readIntegration(properties.Integration, where),
          requiredParameters: validator?.parameters
            ? Object.keys(RequestParameters).filter((name) => RequestParameters[name])
            : [],
        });
        return { ref: shortId(resource) };
      },
    },

    "AWS::ApiGateway::Deployment": {
      honoured: ["RestApiId"],
      ignored: { Description: "text for people" },
      async create(resource) {
        apiOf(readDeployment(resource).RestApiId);
        const id = shortId(resource);
        return { ref: id, attributes: { DeploymentId: id } };
      },
    },

    "AWS::ApiGateway::Stage": {
      honoured: ["AccessLogSetting", "DeploymentId", "MethodSettings", "RestApiId", "StageName", "Variables"],
      ignored: {
        Description: "text for people",
        Tags: "no policy here compares tags",
        TracingEnabled: "trace ids are passed on; there is nowhere to send segments",
      },
      async create(resource) {
        const properties = readStage(resource);
        apiOf(properties.RestApiId).stages.set(properties.StageName, stageOf(properties, resource));
        return { ref: properties.StageName };
      },
    },

    "AWS::ApiGateway::GatewayResponse": {
      honoured: ["ResponseParameters", "ResponseTemplates", "ResponseType", "RestApiId", "StatusCode"],
      async create(resource) {
        const { RestApiId, ResponseType, StatusCode, ResponseParameters, ResponseTemplates } =
          readGatewayResponse(resource);
        const headers: Record<string, string> = {};
        for (const [name, expression] of Object.entries(ResponseParameters)) {
          if (!name.startsWith(HEADER_PARAMETER)) {
            throw new Error(
              `${resource.logicalId}: ResponseParameters has "${name}"; names begin with "${HEADER_PARAMETER}".`,
            );
          }
          headers[name.slice(HEADER_PARAMETER.length)] = expression;
        }
        apiOf(RestApiId).gatewayResponses.set(ResponseType, {
          headers,
          templates: ResponseTemplates,
          ...(StatusCode === undefined ? {} : { status: StatusCode }),
        });
        const id = shortId(resource);
        return { ref: id, attributes: { Id: id } };
      },
    },

    "AWS::ApiGateway::RequestValidator": {
      honoured: ["RestApiId", "ValidateRequestBody", "ValidateRequestParameters"],
      ignored: { Name: "text for people" },
      async create(resource) {
        const { RestApiId, ValidateRequestBody, ValidateRequestParameters } = readValidator(resource);
        const id = shortId(resource);
        apiOf(RestApiId).validators.set(id, { body: ValidateRequestBody, parameters: ValidateRequestParameters });
        return { ref: id, attributes: { RequestValidatorId: id } };
      },
    },

    "AWS::ApiGateway::Account": {
      honoured: [],
      ignored: { CloudWatchRoleArn: "access logs are written by the platform itself" },
      create: async (resource) => ({ ref: shortId(resource), attributes: { Id: shortId(resource) } }),
    },

    "AWS::ApiGateway::DomainName": {
      honoured: [],
      ignored: {
        CertificateArn: "there is no TLS on the loopback interface",
        DomainName: "the stage is mapped at / of the local door",
        EndpointConfiguration: "there is one door here",
        RegionalCertificateArn: "there is no TLS on the loopback interface",
        SecurityPolicy: "there is no TLS on the loopback interface",
        Tags: "no policy here compares tags",
      },
      create: async (resource) => ({
        ref: String(resource.properties.DomainName),
        attributes: {
          RegionalDomainName: "127.0.0.1",
          RegionalHostedZoneId: "Z0LOCAL",
          DistributionDomainName: "127.0.0.1",
        },
      }),
    },

    "AWS::ApiGateway::BasePathMapping": {
      honoured: [],
      ignored: {
        BasePath: "the stage is mapped at / of the local door",
        DomainName: "the stage is mapped at / of the local door",
        RestApiId: "the stage is mapped at / of the local door",
        Stage: "the stage is mapped at / of the local door",
      },
      create: async (resource) => ({ ref: shortId(resource) }),
    },
  };
}

/** Ids that keep their value between runs: ten letters and digits, as API Gateway's are. */
function shortId({ stack, logicalId }: ResolvedResource, part = ""): string {
  const digest = createHash("sha256").update(`${stack}/${logicalId}/${part}`).digest("hex");
  return BigInt(`0x${digest.slice(0, 16)}`)
    .toString(36)
    .padStart(10, "0")
    .slice(0, 10);
}

function stageOf(properties: StageProperties, resource: ResolvedResource): Stage {
  const { AccessLogSetting, MethodSettings } = properties;
  const logGroup = AccessLogSetting?.DestinationArn?.split(":log-group:")[1]?.replace(/:\*$/, "");
  if (AccessLogSetting?.DestinationArn !== undefined && logGroup === undefined) {
    throw new Error(
      `${resource.logicalId}: AccessLogSetting.DestinationArn is not a log group's ARN: ${AccessLogSetting.DestinationArn}`,
    );
  }
  return {
    name: properties.StageName,
    deploymentId: properties.DeploymentId,
    variables: properties.Variables,
    ...(logGroup === undefined ? {} : { accessLog: { logGroup, format: AccessLogSetting?.Format ?? "" } }),
    throttles: MethodSettings.flatMap(({ ResourcePath, HttpMethod, ThrottlingRateLimit, ThrottlingBurstLimit }) =>
      ThrottlingRateLimit === undefined
        ? []
        : [
            {
              // The template writes the slashes of a path as `~1`.
              resourcePath: ResourcePath.replaceAll("~1", "/").replace(/^\/\//, "/"),
              httpMethod: HttpMethod,
              requestsPerSecond: ThrottlingRateLimit,
              burst: ThrottlingBurstLimit ?? ThrottlingRateLimit,
            },
          ],
    ),
  };
}
