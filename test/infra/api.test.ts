import { ERRORS } from "../../core/errors.ts";
import { GATEWAY_ERRORS } from "../../infra/constructs/front-door/gateway-errors.ts";
import { assembly, resources } from "./assembly.ts";
import { VARIANTS } from "./variants.ts";

interface Integration {
  readonly Type: string;
  readonly ResponseTransferMode: string;
  readonly TimeoutInMillis: number;
  readonly Uri: unknown;
}

/** Path → the deployment that answers it, its method and its integration. */
function routes(variant: string) {
  const all = resources(assembly(variant));
  const byId = new Map(all.map((resource) => [resource.id, resource]));
  const pathOf = (id: string): string => {
    const { ParentId, PathPart } = byId.get(id)?.Properties ?? {};
    const parent = (ParentId as { Ref?: string }).Ref;
    return `${parent === undefined ? "" : pathOf(parent)}/${String(PathPart)}`;
  };
  return new Map(
    all
      .filter(({ Type }) => Type === "AWS::ApiGateway::Method")
      .map(({ Properties }) => {
        const integration = Properties?.Integration as Integration;
        const deployment = /farthing-[a-z]+-([a-z0-9-]+)(?::live)?\/response-streaming/.exec(
          JSON.stringify(integration.Uri),
        )?.[1];
        const path = pathOf((Properties?.ResourceId as { Ref: string }).Ref);
        return [path, { deployment, method: String(Properties?.HttpMethod), integration }] as const;
      }),
  );
}

const one = (variant: string, type: string) => {
  const found = resources(assembly(variant), type);
  expect(found).toHaveLength(1);
  return found[0]?.Properties ?? {};
};

describe.each(VARIANTS)("$name", ({ name, environment, config }) => {
  test("every model of the configuration has its own two routes, all else goes to the router", () => {
    const expected: Record<string, string> = {};
    for (const path of ["/v1/{proxy+}", "/v2", "/v2/{proxy+}", "/v2/models", "/v2/models/{proxy+}"])
      expected[path] = "router";
    for (const group of config.modelGroups) {
      for (const model of group.models) {
        const deployment = group.name === config.router.holds ? "router" : group.name;
        expected[`/v2/models/${model}`] = deployment;
        expected[`/v2/models/${model}/{proxy+}`] = deployment;
      }
    }
    const actual = [...routes(name)].map(([path, { deployment }]) => [path, deployment]);
    expect(Object.fromEntries(actual)).toEqual(expected);
  });

  test("every method takes any verb and streams", () => {
    for (const { method, integration } of routes(name).values()) {
      expect(method).toBe("ANY");
      expect(integration).toMatchObject({ Type: "AWS_PROXY", ResponseTransferMode: "STREAM" });
    }
  });

  test("the gateway waits longer than the function runs, and no longer than 15 minutes", () => {
    const timeouts = new Map(
      resources(assembly(name), "AWS::Lambda::Function").map(({ Properties }) => [
        String(Properties?.FunctionName).replace(`farthing-${environment}-`, ""),
        Number(Properties?.Timeout),
      ]),
    );
    for (const { deployment, integration } of routes(name).values()) {
      expect(integration.TimeoutInMillis).toBeGreaterThan((timeouts.get(deployment ?? "") ?? Number.NaN) * 1000);
      expect(integration.TimeoutInMillis).toBeLessThanOrEqual(900_000);
    }
  });

  test("one invoke permission for each function that the API calls, for this API only", () => {
    const called = new Set([...routes(name).values()].map(({ deployment }) => deployment));
    const permissions = resources(assembly(name), "AWS::Lambda::Permission").filter(
      ({ Properties }) => Properties?.Principal === "apigateway.amazonaws.com",
    );
    expect(permissions).toHaveLength(called.size);
    for (const { Properties } of permissions) {
      expect(Properties).toMatchObject({ Action: "lambda:InvokeFunction" });
      const [api] = resources(assembly(name), "AWS::ApiGateway::RestApi");
      expect(JSON.stringify(Properties?.SourceArn)).toContain(`{"Ref":"${api?.id}"}`);
    }
  });

  test("regional, any body as bytes, throttled, access logged", () => {
    expect(one(name, "AWS::ApiGateway::RestApi")).toMatchObject({
      EndpointConfiguration: { Types: ["REGIONAL"] },
      BinaryMediaTypes: ["*/*"],
      DisableExecuteApiEndpoint: config.domain !== undefined,
    });
    const stage = one(name, "AWS::ApiGateway::Stage");
    expect(stage).toMatchObject({
      StageName: environment,
      TracingEnabled: config.tracing,
      MethodSettings: [
        {
          HttpMethod: "*",
          ResourcePath: "/*",
          ThrottlingRateLimit: config.throttle.requestsPerSecond,
          ThrottlingBurstLimit: config.throttle.burst,
          DataTraceEnabled: false,
        },
      ],
    });
    const { Format } = stage.AccessLogSetting as { readonly Format: string };
    expect(
      Object.values(JSON.parse(Format) as Record<string, string>).every((value) => value.startsWith("$context.")),
    ).toBe(true);
    expect(Format).toContain("$context.requestId");
  });

  test("the account's log role is set only where the configuration leaves it to us, and outlives the stack", () => {
    const accounts = resources(assembly(name), "AWS::ApiGateway::Account");
    expect(accounts.map(({ DeletionPolicy }) => DeletionPolicy)).toEqual(config.accountLogRole ? ["Retain"] : []);
  });

  test("the API's address is an output", () => {
    const { Value } = assembly(name).templates.api?.Outputs?.ApiUrl ?? {};
    if (config.domain !== undefined) expect(Value).toBe(`https://${config.domain.domainName}/`);
    else expect(JSON.stringify(Value)).toContain(".execute-api.");
  });
});

describe("errors that the gateway makes itself", () => {
  const responses = new Map(
    resources(assembly("prod"), "AWS::ApiGateway::GatewayResponse").map(({ Properties }) => [
      String(Properties?.ResponseType),
      Properties as {
        readonly StatusCode?: string;
        readonly ResponseTemplates: Readonly<Record<string, string>>;
        readonly ResponseParameters: Readonly<Record<string, string>>;
      },
    ]),
  );

  test("both defaults and all those with words of our own are there", () => {
    expect([...responses.keys()].sort()).toEqual(GATEWAY_ERRORS.map(({ type }) => type.responseType).sort());
    expect(responses.has("DEFAULT_4XX") && responses.has("DEFAULT_5XX")).toBe(true);
  });

  test.each(GATEWAY_ERRORS)("$name is JSON in the form of the API's other errors", ({ type, code, ownStatus }) => {
    const response = responses.get(type.responseType);
    const template = response?.ResponseTemplates["application/json"] ?? "";
    const body = JSON.parse(template.replace("$context.error.messageString", '"words"')) as { readonly error: object };
    expect(body.error).toMatchObject({
      message: expect.any(String),
      type: expect.any(String),
      code: expect.any(String),
    });
    expect(response?.StatusCode).toBe(ownStatus ? String(ERRORS[code].status) : undefined);
    expect(response?.ResponseParameters["gatewayresponse.header.x-request-id"]).toBe("context.requestId");
  });

  test("a throttled caller is told when to come back", () => {
    expect(responses.get("THROTTLED")?.ResponseParameters).toMatchObject({
      "gatewayresponse.header.retry-after": "'1'",
    });
  });
});

test("a custom domain serves the stage at /, with TLS 1.2, and says where its DNS record points", () => {
  expect(one("everything", "AWS::ApiGateway::DomainName")).toMatchObject({
    DomainName: "api.example.com",
    SecurityPolicy: "TLS_1_2",
    EndpointConfiguration: { Types: ["REGIONAL"] },
  });
  expect(one("everything", "AWS::ApiGateway::BasePathMapping")).not.toHaveProperty("BasePath");
  expect(Object.keys(assembly("everything").templates.api?.Outputs ?? {})).toEqual(
    expect.arrayContaining(["ApiUrl", "DomainTarget", "DomainTargetHostedZoneId"]),
  );
});
