import type { ServerResponse } from "node:http";
import { crc32 } from "node:zlib";
import { writeError } from "../endpoint/error-form.ts";
import { readJsonCall } from "../endpoint/json-service.ts";
import { ServiceError } from "../endpoint/service-error.ts";
import type { AwsRequest, AwsService } from "../simulator.ts";
import type { ConsumedCapacity } from "./consumed-capacity.ts";
import { type Dynalite, isDynaliteError } from "./dynalite.ts";
import type { KeySchemas, TableDescription } from "./key-schemas.ts";
import { type PermissionFacts, permissionsFor } from "./permissions.ts";
import { tableSize } from "./table-size.ts";

const TARGET_PREFIX = "DynamoDB_20120810";
const CONTENT_TYPE = "application/x-amz-json-1.0";
const CONDITION_FAILED = "ConditionalCheckFailedException";
/** Newer than dynalite, and answered here. */
const RETURN_ON_FAILURE = "ReturnValuesOnConditionCheckFailure";

/** A call, read and validated once: the permissions need the validated input, the answer too. */
type PreparedCall =
  | {
      readonly type: "valid";
      readonly operation: string;
      readonly input: Record<string, unknown>;
      readonly returnsOld: boolean;
    }
  | {
      readonly type: "invalid";
      readonly operation: string;
      readonly input: Record<string, unknown>;
      readonly error: unknown;
    };

/** `dynalite` rejects while its store cannot be opened; every call then says why. */
export function createDynamoDbApi(
  dynalite: () => Dynalite,
  facts: PermissionFacts,
  capacity?: ConsumedCapacity,
): AwsService {
  const prepared = new WeakMap<AwsRequest, PreparedCall>();
  const prepare = (request: AwsRequest): PreparedCall => {
    const known = prepared.get(request);
    if (known !== undefined) return known;
    const call = prepareCall(dynalite(), request);
    prepared.set(request, call);
    return call;
  };
  return {
    signingName: "dynamodb",
    buffersBody: true,
    permissions: (request) => permissionsFor(prepare(request), facts),
    async handle(request, response) {
      const call = prepare(request);
      try {
        if (call.type === "invalid") throw call.error;
        const { operation, input } = call;
        const answer = await dynalite().run(operation, capacity?.asking(operation, input) ?? input);
        const output = capacity?.counted(operation, input, answer) ?? answer;
        if (operation === "DescribeTable") {
          const size = await tableSize(dynalite(), String(input.TableName));
          return respond(response, 200, { Table: { ...(output.Table as TableDescription), ...size } });
        }
        const { TableDescription } = output as { TableDescription?: TableDescription };
        if (operation === "CreateTable" && TableDescription) facts.keySchemas.remember(TableDescription);
        respond(response, 200, output);
      } catch (error) {
        if (!isDynaliteError(error)) throw error;
        if (error.body.__type.endsWith(`#${CONDITION_FAILED}`)) capacity?.refused(call.operation, call.input);
        const old = await oldItem(call, error.body.__type, dynalite(), facts.keySchemas);
        respond(response, error.statusCode, { ...error.body, ...(old === undefined ? {} : { Item: old }) });
      }
    },
    deny: (_request, response, message) =>
      writeError(response, "dynamodb", { status: 400, code: "AccessDeniedException", message }),
  };
}

function prepareCall(dynalite: Dynalite, request: AwsRequest): PreparedCall {
  const { operation, input } = readJsonCall(request, TARGET_PREFIX);
  const parameters = dynalite.parametersOf(operation);
  if (parameters === undefined) {
    throw new ServiceError(400, "UnknownOperationException", `DynamoDB's ${operation} is not simulated here.`);
  }
  const { [RETURN_ON_FAILURE]: onFailure, ...known } = input;
  const unknown = Object.keys(known).find((name) => known[name] !== null && !parameters.has(name));
  if (unknown !== undefined) {
    throw new ServiceError(
      400,
      "ValidationException",
      `The parameter ${unknown} of ${operation} is not simulated here.`,
    );
  }
  // dynalite changes what it validates: the call's permissions are asked for from an untouched copy when it is invalid.
  const raw = structuredClone(known);
  try {
    return {
      type: "valid",
      operation,
      input: dynalite.validate(operation, known),
      returnsOld: onFailure === "ALL_OLD",
    };
  } catch (error) {
    return { type: "invalid", operation, input: raw, error };
  }
}

/** The item that made a condition fail, read just after it failed (another writer may come between, unlike in the account). */
async function oldItem(call: PreparedCall, errorType: string, dynalite: Dynalite, keySchemas: KeySchemas) {
  if (call.type !== "valid" || !call.returnsOld || !errorType.endsWith(`#${CONDITION_FAILED}`)) return undefined;
  const { TableName, Item } = call.input as { TableName: string; Item?: Record<string, unknown> };
  const Key = call.input.Key ?? keySchemas.keyOf(TableName, Item ?? {});
  const read = dynalite.validate("GetItem", { TableName, Key, ConsistentRead: true });
  return (await dynalite.run("GetItem", read)).Item;
}

function respond(response: ServerResponse, status: number, output: unknown): void {
  const body = Buffer.from(JSON.stringify(output));
  response.writeHead(status, {
    "content-type": CONTENT_TYPE,
    "content-length": body.length,
    "x-amz-crc32": crc32(body),
  });
  response.end(body);
}
