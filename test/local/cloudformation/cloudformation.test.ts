import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
} from "@aws-sdk/client-cloudformation";
import { createCloudFormationSimulator } from "../../../local/cloudformation/simulator.ts";
import type { StackDescription } from "../../../local/cloudformation/stack-view.ts";
import { type RunningEndpoint, startEndpoint } from "../endpoint/running-endpoint.ts";

const STACKS: StackDescription[] = [
  {
    name: "farthing-local-data",
    description: 'Tables & "buckets"',
    createdAtMillis: Date.UTC(2026, 10, 24),
    status: "CREATE_COMPLETE",
    outputs: [
      { key: "ModelBucket", value: "farthing-local-models" },
      { key: "RegistryTable", value: "registry", exportName: "registry-table" },
    ],
    tags: { project: "farthing" },
    template: { Description: "<&>", Resources: { Registry: { Type: "AWS::DynamoDB::Table" } } },
    resources: [
      { logicalId: "Models", physicalId: "farthing-local-models", type: "AWS::S3::Bucket" },
      { logicalId: "Registry", physicalId: "registry", type: "AWS::DynamoDB::Table" },
    ],
  },
  {
    name: "farthing-local-api",
    createdAtMillis: Date.UTC(2026, 10, 24),
    status: "CREATE_IN_PROGRESS",
    outputs: [],
    resources: [],
  },
];
let endpoint: RunningEndpoint;
let client: CloudFormationClient;

beforeAll(async () => {
  endpoint = await startEndpoint((context) => [
    createCloudFormationSimulator(context, { view: { stacks: () => STACKS } }),
  ]);
  client = new CloudFormationClient(endpoint.asOperator);
});
afterAll(async () => {
  client.destroy();
  await endpoint.stop();
});

test("a stack tells its outputs, by name and by id", async () => {
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: "farthing-local-data" }));
  expect(Stacks).toMatchObject([
    {
      StackName: "farthing-local-data",
      Description: 'Tables & "buckets"',
      StackStatus: "CREATE_COMPLETE",
      CreationTime: new Date(Date.UTC(2026, 10, 24)),
      Outputs: [
        { OutputKey: "ModelBucket", OutputValue: "farthing-local-models" },
        { OutputKey: "RegistryTable", OutputValue: "registry", ExportName: "registry-table" },
      ],
      Tags: [{ Key: "project", Value: "farthing" }],
    },
  ]);
  const id = Stacks?.[0]?.StackId ?? "";
  expect(id).toMatch(/^arn:aws:cloudformation:us-east-1:123456789012:stack\/farthing-local-data\/[0-9a-f-]{36}$/);
  const again = await client.send(new DescribeStacksCommand({ StackName: id }));
  expect(again.Stacks?.map(({ StackName }) => StackName)).toEqual(["farthing-local-data"]);
});

test("all stacks are listed", async () => {
  expect((await client.send(new DescribeStacksCommand({}))).Stacks).toHaveLength(2);
  const complete = await client.send(
    new ListStacksCommand({ StackStatusFilter: ["CREATE_COMPLETE", "UPDATE_COMPLETE"] }),
  );
  expect(complete.StackSummaries?.map(({ StackName }) => StackName)).toEqual(["farthing-local-data"]);
});

test("a stack tells its resources", async () => {
  const listed = await client.send(new ListStackResourcesCommand({ StackName: "farthing-local-data" }));
  expect(listed.StackResourceSummaries).toMatchObject([
    { LogicalResourceId: "Models", PhysicalResourceId: "farthing-local-models", ResourceType: "AWS::S3::Bucket" },
    { LogicalResourceId: "Registry", PhysicalResourceId: "registry", ResourceType: "AWS::DynamoDB::Table" },
  ]);
  const one = await client.send(
    new DescribeStackResourcesCommand({ StackName: "farthing-local-data", LogicalResourceId: "Registry" }),
  );
  expect(one.StackResources?.map(({ PhysicalResourceId }) => PhysicalResourceId)).toEqual(["registry"]);
});

test("an unknown stack or action is CloudFormation's error", async () => {
  await expect(client.send(new DescribeStacksCommand({ StackName: "absent" }))).rejects.toMatchObject({
    name: "ValidationError",
    message: "Stack with id absent does not exist",
    $metadata: { httpStatusCode: 400 },
  });
  await expect(client.send(new DeleteStackCommand({ StackName: "farthing-local-data" }))).rejects.toMatchObject({
    name: "InvalidAction",
  });
});

test("a template comes as it was deployed", async () => {
  const { TemplateBody = "" } = await client.send(new GetTemplateCommand({ StackName: "farthing-local-data" }));
  expect(JSON.parse(TemplateBody)).toEqual(STACKS[0]?.template);
});

test("a role needs the permission on the stack", async () => {
  const role = new CloudFormationClient(
    await endpoint.asRole([
      {
        Effect: "Allow",
        Action: "cloudformation:DescribeStacks",
        Resource: "arn:aws:cloudformation:us-east-1:123456789012:stack/farthing-local-data/*",
      },
    ]),
  );
  await role.send(new DescribeStacksCommand({ StackName: "farthing-local-data" }));
  for (const command of [
    new DescribeStacksCommand({ StackName: "farthing-local-api" }),
    new DescribeStacksCommand({}),
  ]) {
    await expect(role.send(command)).rejects.toMatchObject({
      name: "AccessDenied",
      message: expect.stringContaining("is not authorized to perform: cloudformation:DescribeStacks"),
    });
  }
  role.destroy();
});
