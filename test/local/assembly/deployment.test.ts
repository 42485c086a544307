import type { CloudAssembly } from "../../../local/assembly/cloud-assembly.ts";
import { Deployment } from "../../../local/assembly/deployment.ts";
import type { Template } from "../../../local/assembly/template.ts";
import type { PlatformEvent, ResolvedResource, ResourceBehaviour } from "../../../local/simulator.ts";

const assemblyOf = (stacks: Record<string, Template>): CloudAssembly => ({
  directory: "nowhere",
  stacks: Object.entries(stacks).map(([name, template]) => ({ name, template })),
  assets: new Map(),
});

async function deploy(stacks: Record<string, Template>) {
  const created: ResolvedResource[] = [];
  const events: PlatformEvent[] = [];
  const thing: ResourceBehaviour = {
    honoured: ["Name", "Needs"],
    ignored: { Tags: "nobody looks at them" },
    create: async (resource) => {
      created.push(resource);
      return { ref: `ref-${resource.logicalId}`, attributes: { Arn: `arn:${resource.logicalId}` } };
    },
  };
  const deployment = new Deployment(assemblyOf(stacks), { accountId: "123456789012", region: "us-east-1" }, 1_000);
  await deployment.create(new Map([["Test::Thing", thing]]), (event) => events.push(event));
  const warnings = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
  return { deployment, created, warnings };
}

const thing = (Properties: Record<string, unknown> = {}) => ({ Type: "Test::Thing", Properties });

test("resources come to life in order, with plain properties", async () => {
  const { created, warnings } = await deploy({
    app: { Resources: { A: thing({ Needs: { "Fn::ImportValue": "b" } }) } },
    data: {
      Resources: { B: thing({ Name: { "Fn::Sub": "${AWS::StackName}-${AWS::AccountId}" } }) },
      Outputs: { Out: { Value: { "Fn::GetAtt": ["B", "Arn"] }, Export: { Name: "b" } } },
    },
  });
  expect(created.map(({ stack, logicalId, properties }) => ({ stack, logicalId, properties }))).toEqual([
    { stack: "data", logicalId: "B", properties: { Name: "data-123456789012" } },
    { stack: "app", logicalId: "A", properties: { Needs: "arn:B" } },
  ]);
  expect(warnings).toEqual([]);
});

test("stacks are told as CloudFormation tells them; what has a condition that does not hold is absent", async () => {
  const data = {
    Conditions: { Never: { "Fn::Equals": ["a", "b"] } },
    Resources: { B: thing(), C: { ...thing(), Condition: "Never" } },
    Outputs: {
      Name: { Value: { Ref: "B" }, Description: "words", Export: { Name: { "Fn::Sub": "${AWS::StackName}-name" } } },
      Gone: { Value: "x", Condition: "Never" },
    },
  };
  const { deployment } = await deploy({ data });
  expect(deployment.stacks()).toEqual([
    {
      name: "data",
      createdAtMillis: 1_000,
      status: "CREATE_COMPLETE",
      outputs: [{ key: "Name", value: "ref-B", description: "words", exportName: "data-name" }],
      resources: [{ logicalId: "B", type: "Test::Thing", physicalId: "ref-B" }],
      template: data,
    },
  ]);
});

test("before all resources exist there are no outputs", () => {
  const stacks = { data: { Resources: { B: thing() }, Outputs: { Name: { Value: { Ref: "B" } } } } };
  const account = { accountId: "123456789012", region: "us-east-1" };
  expect(new Deployment(assemblyOf(stacks), account, 0).stacks()).toMatchObject([
    { name: "data", status: "CREATE_IN_PROGRESS", outputs: [], resources: [] },
  ]);
});

test("a resource whose condition does not hold is not there", async () => {
  const { created } = await deploy({
    app: {
      Conditions: { Never: { "Fn::Equals": ["a", "b"] } },
      Resources: { A: { ...thing(), Condition: "Never" }, B: thing() },
    },
  });
  expect(created.map(({ logicalId }) => logicalId)).toEqual(["B"]);
});

test("a type without a simulator is said by name, and what names it still comes to life", async () => {
  const { created, warnings } = await deploy({
    app: {
      Resources: {
        Wall: { Type: "AWS::WAFv2::WebACL", Properties: { Rules: [] } },
        A: thing({ Name: { Ref: "Wall" }, Needs: { "Fn::GetAtt": ["Wall", "Arn"] } }),
      },
    },
  });
  expect(warnings).toEqual(["app/Wall: AWS::WAFv2::WebACL has no simulator; it is deployed to AWS only"]);
  expect(created[0]?.properties).toEqual({
    Name: expect.stringContaining("app-Wall"),
    Needs: expect.stringContaining("app-Wall"),
  });
});

test("a type that stands for nothing is not worth a word", async () => {
  const { warnings } = await deploy({
    app: { Resources: { CDKMetadata: { Type: "AWS::CDK::Metadata", Properties: { Analytics: "x" } } } },
  });
  expect(warnings).toEqual([]);
});

test("a property that a simulator neither honours nor ignores for a reason is said by name", async () => {
  const { warnings } = await deploy({ app: { Resources: { A: thing({ Name: "a", Colour: "red", Tags: [] }) } } });
  expect(warnings).toEqual(["app/A: Test::Thing here knows nothing of Colour"]);
});

test("a wrong reference stops the deployment with its place", async () => {
  await expect(deploy({ app: { Resources: { A: thing({ Name: { Ref: "Typo" } }) } } })).rejects.toThrow(
    /app\/A.*Name.*"Typo"/,
  );
});
