import { OPERATOR_CREDENTIALS } from "../../../local/iam/operator.ts";
import { MAX_SESSIONS } from "../../../local/iam/sessions.ts";
import { createIamSimulator } from "../../../local/iam/simulator.ts";
import type { PlatformEvent } from "../../../local/simulator.ts";

const TRUST = (Service: string) => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }],
});
const policy = (...Statement: object[]) => ({ Version: "2012-10-17", Statement });
const GET = { action: "s3:GetObject", resourceArn: "arn:aws:s3:::b/k" };
const ALLOW_GET = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*" };

function setUp() {
  const events: PlatformEvent[] = [];
  const iam = createIamSimulator({
    accountId: "123456789012",
    region: "us-east-1",
    emit: (event) => events.push(event),
  });
  const create = (type: string, logicalId: string, properties: Record<string, unknown>) => {
    const behaviour = iam.resources[type];
    if (behaviour === undefined) throw new Error(`no ${type}`);
    return behaviour.create({ stack: "test", logicalId, type, properties });
  };
  const role = async (more: Record<string, unknown> = {}) => {
    const created = await create("AWS::IAM::Role", "Role", {
      AssumeRolePolicyDocument: TRUST("lambda.amazonaws.com"),
      ...more,
    });
    return { name: created.ref, arn: created.attributes?.Arn ?? "" };
  };
  const session = (arn: string) => {
    const caller = iam.callerOf(iam.assumeRole(arn, "router-0001").accessKeyId);
    if (caller === undefined) throw new Error("no caller");
    return caller;
  };
  return { iam, create, role, session, events };
}

test("credentials stand for the role session that they were made for", async () => {
  const { iam, role } = setUp();
  const { arn, name } = await role();
  expect(name).toMatch(/^test-Role-[0-9a-f]{8}$/);
  const first = iam.assumeRole(arn, "a1");
  const second = iam.assumeRole(arn, "a2");
  expect(first.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
  expect(iam.callerOf(first.accessKeyId)).toEqual({ type: "role", roleArn: arn, sessionName: "a1" });
  expect(iam.callerOf(second.accessKeyId)).toEqual({ type: "role", roleArn: arn, sessionName: "a2" });
  expect(iam.callerOf("ASIAUNKNOWN")).toBeUndefined();
  expect(iam.callerOf(OPERATOR_CREDENTIALS.accessKeyId)).toEqual({ type: "operator" });
  expect(iam.evaluate({ type: "operator" }, GET)).toEqual({ allowed: true });
});

test("a role is assumed only by the service that it trusts", async () => {
  const { iam, role } = setUp();
  const { arn } = await role({ AssumeRolePolicyDocument: TRUST("apigateway.amazonaws.com") });
  expect(() => iam.assumeRole(arn, "s1")).toThrow("cannot be assumed by lambda.amazonaws.com");
  iam.assumeRole(arn, "s1", "apigateway.amazonaws.com");
  expect(() => iam.assumeRole(`${arn}x`, "s1")).toThrow("There is no role");
  expect(() => iam.assumeRole(arn, "a b", "apigateway.amazonaws.com")).toThrow("not a role session name");
});

test("inline, attached and managed policies add up; a statement that is removed is missed", async () => {
  const { iam, create, role, session } = setUp();
  const { name, arn } = await role({ Policies: [{ PolicyName: "Inline", PolicyDocument: policy(ALLOW_GET) }] });
  const caller = session(arn);
  expect(iam.evaluate(caller, GET)).toEqual({ allowed: true });

  const put = { action: "s3:PutObject", resourceArn: "arn:aws:s3:::b/k" };
  const denied = {
    allowed: false,
    message: `User: arn:aws:sts::123456789012:assumed-role/${name}/router-0001 is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::b/k" because no identity-based policy allows the s3:PutObject action`,
  };
  expect(iam.evaluate(caller, put)).toEqual(denied);
  const attach = (...statements: object[]) =>
    create("AWS::IAM::Policy", "Default", {
      PolicyName: "Default",
      PolicyDocument: policy(...statements),
      Roles: [name],
    });
  await attach({ ...ALLOW_GET, Action: "s3:PutObject" }, { ...ALLOW_GET, Action: "s3:DeleteObject" });
  expect(iam.evaluate(caller, put)).toEqual({ allowed: true });
  await attach({ ...ALLOW_GET, Action: "s3:DeleteObject" });
  expect(iam.evaluate(caller, put)).toEqual(denied);

  const managed = await create("AWS::IAM::ManagedPolicy", "Managed", {
    PolicyDocument: policy({ ...ALLOW_GET, Action: "s3:Put*" }),
  });
  await role({ ManagedPolicyArns: [managed.ref, "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"] });
  expect(iam.evaluate(caller, put)).toEqual({ allowed: true });
  expect(
    iam.evaluate(caller, { action: "logs:PutLogEvents", resourceArn: "arn:aws:logs:us-east-1:1:log-group:g" }),
  ).toEqual({ allowed: true });
  // The inline policy went with the role's older description.
  expect(iam.evaluate(caller, GET).allowed).toBe(false);
});

test("an explicit deny wins, wherever it stands", async () => {
  const { iam, create, role, session } = setUp();
  const { name, arn } = await role({ Policies: [{ PolicyName: "Inline", PolicyDocument: policy(ALLOW_GET) }] });
  await create("AWS::IAM::Policy", "No", {
    PolicyName: "No",
    PolicyDocument: policy({ ...ALLOW_GET, Effect: "Deny" }),
    Roles: [name],
  });
  expect(iam.evaluate(session(arn), GET)).toMatchObject({
    allowed: false,
    message: expect.stringMatching(/with an explicit deny in an identity-based policy$/),
  });
});

test("a permissions boundary bounds", async () => {
  const { iam, create, role, session } = setUp();
  const boundary = await create("AWS::IAM::ManagedPolicy", "Boundary", {
    PolicyDocument: policy({ Effect: "Allow", Action: "dynamodb:*", Resource: "*" }),
  });
  const { arn } = await role({
    Policies: [{ PolicyName: "Inline", PolicyDocument: policy(ALLOW_GET) }],
    PermissionsBoundary: boundary.ref,
  });
  expect(iam.evaluate(session(arn), GET)).toMatchObject({
    allowed: false,
    message: expect.stringContaining("because no permissions boundary allows the s3:GetObject action"),
  });
});

test("what cannot be evaluated is refused by name when the template is loaded", async () => {
  const { create, role, events } = setUp();
  await expect(role({ ManagedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] })).rejects.toThrow(
    "no document of the managed policy arn:aws:iam::aws:policy/AdministratorAccess is kept here; known are",
  );
  await expect(role({ AssumeRolePolicyDocument: "text" })).rejects.toThrow("AssumeRolePolicyDocument");
  await expect(
    create("AWS::IAM::Policy", "P", { PolicyName: "P", PolicyDocument: policy(ALLOW_GET), Roles: ["absent"] }),
  ).rejects.toThrow('there is no role "absent"');
  await role({
    Policies: [
      {
        PolicyName: "P",
        PolicyDocument: policy({ ...ALLOW_GET, Condition: { StringEquals: { "aws:SourceVpce": "vpce-1" } } }),
      },
    ],
  });
  expect(events).toEqual([{ type: "warning", message: expect.stringContaining("condition key aws:SourceVpce") }]);
});

test("sessions do not pile up: the one that was used least recently goes", async () => {
  const { iam, role } = setUp();
  const { arn } = await role();
  const first = iam.assumeRole(arn, "first");
  const second = iam.assumeRole(arn, "second");
  for (let index = 2; index < MAX_SESSIONS; index++) iam.assumeRole(arn, "filler");
  expect(iam.callerOf(first.accessKeyId)).toBeDefined();
  iam.assumeRole(arn, "one-more");
  expect(iam.callerOf(first.accessKeyId)).toBeDefined();
  expect(iam.callerOf(second.accessKeyId)).toBeUndefined();
});
