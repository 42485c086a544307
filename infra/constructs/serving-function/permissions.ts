/**
 * What a serving function may do, written out: the CDK's grants emit wildcards such as `s3:GetObject*` and `s3:List*`.
 * One function per permission, so that a missing one can be named.
 */
import { Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { STREAMS_INDEX } from "../../../core/idempotency/once-record.ts";
import { allow } from "../allow.ts";

/** One model by its name, and the list of all. */
export const readRegistry = (tableArn: string) =>
  allow("ReadRegistry", ["dynamodb:GetItem", "dynamodb:Query"], [tableArn]);

/** One key by its hash; nobody lists tenants from here. */
export const readTenants = (tableArn: string) => allow("ReadTenants", ["dynamodb:GetItem"], [tableArn]);

/**
 * Leases on budgets, in the same table as keys and terms: those stay out of reach.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
export const writeBudgets = (tableArn: string) =>
  new PolicyStatement({
    sid: "WriteBudgets",
    actions: ["dynamodb:PutItem"],
    resources: [tableArn],
    conditions: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["budget#*"] } },
  });

/** What a customer has used, day by day: for /v1/usage, and for prices with free amounts and steps. */
export const readUsage = (tableArn: string) => allow("ReadUsage", ["dynamodb:Query"], [tableArn]);

/** Jobs, and who wakes which model: their own table. */
export const keepJobs = (tableArn: string) =>
  allow("KeepJobs", ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:DeleteItem"], [tableArn]);

/** Customers' files, and what batches answer. */
export const keepFiles = (bucketArn: string) =>
  allow("KeepFiles", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [`${bucketArn}/files/*`]);

/** Itself, for work on jobs that nobody waits for. */
export const startJobs = (functionArn: string) => allow("StartJobs", ["lambda:InvokeFunction"], [functionArn]);

/** Requests with an Idempotency-Key: one by its name, nobody lists them from here. */
export const recordRequests = (tableArn: string) =>
  allow("RecordRequests", ["dynamodb:GetItem", "dynamodb:PutItem"], [tableArn]);

/** Streams that run, to end those of processes that died. */
export const sweepStreams = (tableArn: string) =>
  allow("SweepStreams", ["dynamodb:Query"], [`${tableArn}/index/${STREAMS_INDEX.name}`]);

/** Their answers, where they are large. */
export const keepAnswers = (bucketArn: string) =>
  allow("KeepAnswers", ["s3:GetObject", "s3:PutObject"], [`${bucketArn}/*`]);

/** Any file of any version: which ones a process reads is decided by the registry at run time. */
export const readModels = (bucketArn: string) =>
  allow("ReadModels", ["s3:GetObject"], [`${bucketArn}/blobs/*`, `${bucketArn}/manifests/*`]);

/** Its own group only. `logGroupArn` ends in `:*`: the streams in it, whose names Lambda makes up. */
export const writeLog = (logGroupArn: string) =>
  allow("WriteOwnLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [logGroupArn]);

/** Covers InvokeWithResponseStream too: https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html */
export const callFunctions = (functionArns: string[]) =>
  allow("CallModelGroups", ["lambda:InvokeFunction"], functionArns);

/**
 * Interfaces in a network, which Lambda makes with the function's role. Nothing can be named: they come into being by themselves, and
 * Lambda asks for the permission on everything. https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
 */
export const manageInterfaces = () => allow("AttachToNetwork", INTERFACE_ACTIONS, ["*"]);

/** Lambda may, the function's own code may not: AWS's advice on the same page. */
export const forbidInterfaces = (functionArn: string) =>
  new PolicyStatement({
    sid: "CodeStaysOutOfTheNetwork",
    effect: Effect.DENY,
    actions: INTERFACE_ACTIONS,
    resources: ["*"],
    conditions: { ArnEquals: { "lambda:SourceFunctionArn": functionArn } },
  });

const INTERFACE_ACTIONS = [
  "ec2:CreateNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:DeleteNetworkInterface",
  "ec2:AssignPrivateIpAddresses",
  "ec2:UnassignPrivateIpAddresses",
];

/** X-Ray has no resources to name: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html */
export const sendTraces = () => allow("SendTraces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]);
