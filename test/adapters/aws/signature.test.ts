import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { InvokeWithResponseStreamCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { canonicalQuery, createSigner, uriEncode } from "../../../adapters/aws/signature.ts";

const CREDENTIALS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

/** From AWS's test suite for Signature Version 4 (`get-vanilla`, `post-vanilla`, `get-header-value-trim`, `get-vanilla-query-order-key-case`). */
describe("AWS's own examples", () => {
  const sign = createSigner({ region: "us-east-1", service: "service" as "dynamodb" }, CREDENTIALS);
  const now = Date.parse("2015-08-30T12:36:00Z");
  const signatureOf = (overrides: object) =>
    sign(
      { method: "GET", host: "example.amazonaws.com", path: "/", headers: {}, body: "", ...overrides },
      now,
    ).authorization?.split("Signature=")[1];

  test.each([
    ["get-vanilla", {}, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
    ["post-vanilla", { method: "POST" }, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
    [
      "get-header-value-trim",
      { headers: { "my-header1": " value1", "my-header2": ' "a   b   c"' } },
      "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ],
    [
      "get-vanilla-query-order-key-case",
      { query: { Param2: "value2", Param1: "value1" } },
      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ],
  ])("%s", (_, overrides, expected) => {
    expect(signatureOf(overrides)).toBe(expected);
  });
});

/** The SDK signs the same request; ours must carry the same signature over the same headers. */
describe("the SDK's signatures", () => {
  interface Sent {
    readonly method: string;
    readonly path: string;
    readonly query: Record<string, string>;
    readonly headers: Record<string, string>;
    readonly body?: Uint8Array | string;
  }

  async function sentBySdk(send: (configuration: object) => Promise<unknown>): Promise<Sent> {
    let sent: Sent | undefined;
    const requestHandler = {
      handle: async (request: Sent) => {
        sent = request;
        throw new Error("not sent");
      },
    };
    const credentials = { ...CREDENTIALS, sessionToken: "session-token" };
    await send({ region: "eu-central-1", maxAttempts: 1, credentials, requestHandler }).catch(() => {});
    if (sent === undefined) throw new Error("the SDK sent nothing");
    return sent;
  }

  test.each([
    [
      "dynamodb" as const,
      (configuration: object) =>
        new DynamoDBClient(configuration).send(new GetItemCommand({ TableName: "t", Key: { pk: { S: "a" } } })),
    ],
    [
      "s3" as const,
      (configuration: object) =>
        new S3Client(configuration).send(
          new GetObjectCommand({ Bucket: "models", Key: "a b/ü(1).json", Range: "bytes=0-9" }),
        ),
    ],
    [
      "lambda" as const,
      (configuration: object) =>
        new LambdaClient(configuration).send(
          new InvokeWithResponseStreamCommand({ FunctionName: "farthing:live", Payload: Buffer.from("{}") }),
        ),
    ],
  ])("%s", async (service, send) => {
    const sent = await sentBySdk(send);
    const signedHeaders = /SignedHeaders=([^,]+)/.exec(sent.headers.authorization as string)?.[1] ?? "";
    const date = sent.headers["x-amz-date"] as string;
    const ownHeaders = ["host", "x-amz-date", "x-amz-security-token"];
    const given = signedHeaders.split(";").filter((name) => !ownHeaders.includes(name));
    const sign = createSigner({ region: "eu-central-1", service }, { ...CREDENTIALS, sessionToken: "session-token" });
    const ours = sign(
      {
        method: sent.method,
        host: sent.headers.host as string,
        path: sent.path,
        query: sent.query,
        headers: Object.fromEntries(given.map((name) => [name, sent.headers[name] as string])),
        body: sent.body ?? "",
      },
      Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z")),
    );
    expect(ours.authorization).toBe(sent.headers.authorization);
  });
});

test("names and values are encoded as AWS wants them, and sorted by their encoded form", () => {
  expect(uriEncode("a b/ü!'()*~-_.")).toBe("a%20b%2F%C3%BC%21%27%28%29%2A~-_.");
  expect(canonicalQuery({ b: "2", a: "x y" })).toBe("a=x%20y&b=2");
});
