import { assembly, resources } from "./assembly.ts";
import { VARIANTS } from "./variants.ts";

/** What holds something that a person would miss. */
const LASTING = ["AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Logs::LogGroup"];

/** Answers of requests that run once: gone within two days whatever becomes of their bucket. */
const ENDS_BY_ITSELF = /^Answers/;

describe.each(VARIANTS)("$name", ({ name, environment, config }) => {
  test("bucket, tables and logs stay or go with the stack as configured", () => {
    const policy = config.removal === "retain" ? "RetainExceptOnCreate" : "Delete";
    const lasting = resources(assembly(name)).filter(
      ({ Type, id }) => LASTING.includes(Type) && !ENDS_BY_ITSELF.test(id),
    );
    expect(lasting).toHaveLength(7 + resources(assembly(name), "AWS::Logs::LogGroup").length);
    for (const { DeletionPolicy, UpdateReplacePolicy } of lasting) {
      expect(DeletionPolicy).toBe(policy);
      expect(UpdateReplacePolicy).toBe(config.removal === "retain" ? "Retain" : "Delete");
    }
  });

  test("the bucket is private, encrypted, TLS only, and forgets abandoned uploads", () => {
    const [bucket] = resources(assembly(name), "AWS::S3::Bucket");
    expect(bucket?.Properties).toMatchObject({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      LifecycleConfiguration: {
        Rules: [{ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 }, Status: "Enabled" }],
      },
    });
    expect(bucket?.Properties?.VersioningConfiguration).toEqual(
      config.versionedModels ? { Status: "Enabled" } : undefined,
    );
    const [policy] = resources(assembly(name), "AWS::S3::BucketPolicy");
    expect(policy?.Properties?.PolicyDocument).toMatchObject({
      Statement: [{ Effect: "Deny", Principal: { AWS: "*" }, Condition: { Bool: { "aws:SecureTransport": "false" } } }],
    });
  });

  test("the tables are on demand, with the keys of the contract, and protected as configured", () => {
    const tables = resources(assembly(name), "AWS::DynamoDB::Table");
    expect(tables.map(({ Properties }) => (Properties?.KeySchema as object[]).length).sort()).toEqual([1, 1, 2, 2, 2]);
    for (const { Properties } of tables) {
      expect(Properties).toMatchObject({
        BillingMode: "PAY_PER_REQUEST",
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: config.protectData },
        DeletionProtectionEnabled: config.protectData,
        TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
      });
      expect((Properties?.KeySchema as { AttributeName: string }[])[0]).toEqual({
        AttributeName: "pk",
        KeyType: "HASH",
      });
    }
  });

  test("the outputs that the command line reads are there, and the exports are named after them", () => {
    const outputs = assembly(name).templates.data?.Outputs ?? {};
    for (const output of ["ModelBucket", "RegistryTable", "TenantsTable", "UsageTable"]) {
      expect(outputs[output]).toMatchObject({
        Value: { Ref: expect.any(String) },
        Export: { Name: `farthing-${environment}-${output}` },
      });
    }
  });

  test("every log group has a name and an end, and there is one for each function, for the gateway and for what SageMaker runs", () => {
    const groups = resources(assembly(name), "AWS::Logs::LogGroup");
    const logging = ["AWS::Lambda::Function", "AWS::SageMaker::Endpoint", "AWS::SageMaker::InferenceComponent"];
    const expected = logging.reduce((sum, type) => sum + resources(assembly(name), type).length, 1);
    expect(groups).toHaveLength(expected);
    // SageMaker names its groups itself: https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
    const ours = `/farthing/${environment}/[a-z0-9-]+`;
    const sagemakers = `/aws/sagemaker/(?:Endpoints|InferenceComponents)/farthing-${environment}-[a-z0-9-]+`;
    for (const { Properties } of groups) {
      expect(Properties?.LogGroupName).toMatch(new RegExp(`^(?:${ours}|${sagemakers})$`));
      expect(Properties?.RetentionInDays).toBe(config.logs.retentionDays);
    }
  });
});

test("staging and production protect their data; development can be thrown away", () => {
  const protection = Object.fromEntries(
    VARIANTS.map(({ name, config }) => [name, [config.removal, config.protectData, config.versionedModels]]),
  );
  expect(protection).toMatchObject({
    dev: ["destroy", false, false],
    staging: ["retain", true, false],
    prod: ["retain", true, true],
  });
});
