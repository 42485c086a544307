/** What of Secrets Manager's API is answered here. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html */
import { createHash, randomUUID } from "node:crypto";
import * as z from "zod";
import { ServiceError } from "../endpoint/service-error.ts";
import type { RequiredPermission } from "../simulator.ts";
import type { SecretStore, SecretVersion, StoredSecret } from "./secret-store.ts";

export interface SecretsFacts {
  readonly accountId: string;
  readonly region: string;
  readonly store: () => SecretStore;
  readonly clock: () => number;
}

type Input = Readonly<Record<string, unknown>>;

export interface SecretsOperation {
  permissions(input: Input, facts: SecretsFacts): readonly RequiredPermission[];
  run(input: Input, facts: SecretsFacts): object;
}

/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html */
const MAX_SECRET_BYTES = 65_536;
const MILLIS_PER_DAY = 86_400_000;

const named = z.object({ SecretId: z.string().min(1).max(2048) });
const content = {
  SecretString: z.string().optional(),
  SecretBinary: z.string().optional(),
  ClientRequestToken: z.string().min(32).max(64).optional(),
};
const INPUTS = {
  CreateSecret: z.object({
    Name: z.string().regex(/^[A-Za-z0-9/_+=.@-]{1,512}$/, "a name of a secret"),
    Description: z.string().max(2048).optional(),
    ...content,
  }),
  PutSecretValue: named.extend(content),
  GetSecretValue: named.extend({ VersionId: z.string().optional(), VersionStage: z.string().optional() }),
  DescribeSecret: named,
  DeleteSecret: named.extend({
    ForceDeleteWithoutRecovery: z.boolean().optional(),
    RecoveryWindowInDays: z.int().min(7).max(30).optional(),
  }),
};

export const SECRETS_OPERATIONS: Readonly<Record<string, SecretsOperation>> = {
  CreateSecret: operation("CreateSecret", ({ Name, Description, ...value }, facts) => {
    if (facts.store().find(Name) !== undefined) {
      throw new ServiceError(
        400,
        "ResourceExistsException",
        `The operation failed because the secret ${Name} already exists.`,
      );
    }
    const secret = newSecret(Name, Description, facts);
    const filled = hasContent(value) ? withVersion(secret, value, facts) : secret;
    facts.store().put(filled);
    return { ARN: secret.arn, Name, ...(filled.versions[0] && { VersionId: filled.versions[0].id }) };
  }),
  PutSecretValue: operation("PutSecretValue", ({ SecretId, ...value }, facts) => {
    if (!hasContent(value)) throw invalidParameter("You must provide either SecretString or SecretBinary.");
    const secret = withVersion(found(SecretId, facts), value, facts);
    facts.store().put(secret);
    return { ARN: secret.arn, Name: secret.name, VersionId: secret.versions[0]?.id, VersionStages: ["AWSCURRENT"] };
  }),
  GetSecretValue: operation("GetSecretValue", ({ SecretId, VersionId, VersionStage }, facts) => {
    const { arn, name, versions } = found(SecretId, facts);
    const index =
      VersionId !== undefined
        ? versions.findIndex(({ id }) => id === VersionId)
        : STAGES.indexOf(VersionStage ?? "AWSCURRENT");
    const version = versions[index];
    if (version === undefined) {
      const what =
        VersionId === undefined ? `staging label: ${VersionStage ?? "AWSCURRENT"}` : `VersionId: ${VersionId}`;
      throw notFound(`Secrets Manager can't find the specified secret value for ${what}`);
    }
    return {
      ARN: arn,
      Name: name,
      VersionId: version.id,
      VersionStages: [STAGES[index]],
      CreatedDate: version.createdAt / 1000,
      ...(version.string !== undefined && { SecretString: version.string }),
      ...(version.binary !== undefined && { SecretBinary: version.binary }),
    };
  }),
  DescribeSecret: operation("DescribeSecret", ({ SecretId }, facts) => {
    const secret = foundOrDeleted(SecretId, facts);
    return {
      ARN: secret.arn,
      Name: secret.name,
      ...(secret.description !== undefined && { Description: secret.description }),
      CreatedDate: secret.createdAt / 1000,
      LastChangedDate: secret.changedAt / 1000,
      ...(secret.deletedAt !== undefined && { DeletedDate: secret.deletedAt / 1000 }),
      VersionIdsToStages: Object.fromEntries(secret.versions.map(({ id }, index) => [id, [STAGES[index]]])),
    };
  }),
  DeleteSecret: operation("DeleteSecret", (input, facts) => {
    const { ForceDeleteWithoutRecovery: now, RecoveryWindowInDays: days } = input;
    if (now && days !== undefined) {
      throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
    }
    const secret = found(input.SecretId, facts);
    const deletedAt = facts.clock() + (now ? 0 : (days ?? 30) * MILLIS_PER_DAY);
    if (now) facts.store().remove(secret.name);
    else facts.store().put({ ...secret, deletedAt });
    return { ARN: secret.arn, Name: secret.name, DeletionDate: deletedAt / 1000 };
  }),
};

const STAGES = ["AWSCURRENT", "AWSPREVIOUS"];

/** A name for the ARN of one that does not exist yet: policies name it with six wildcards for what is added. */
export function newSecret(
  name: string,
  description: string | undefined,
  { accountId, region, clock }: SecretsFacts,
): StoredSecret {
  const suffix = createHash("sha256").update(name).digest("hex").slice(0, 6);
  return {
    name,
    arn: `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}-${suffix}`,
    ...(description !== undefined && { description }),
    createdAt: clock(),
    changedAt: clock(),
    versions: [],
  };
}

interface Content {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: string | undefined;
  readonly ClientRequestToken?: string | undefined;
}

const hasContent = ({ SecretString, SecretBinary }: Content): boolean =>
  SecretString !== undefined || SecretBinary !== undefined;

export function withVersion(secret: StoredSecret, value: Content, { clock }: SecretsFacts): StoredSecret {
  const { SecretString: string, SecretBinary: binary, ClientRequestToken: id = randomUUID() } = value;
  if (string !== undefined && binary !== undefined) {
    throw invalidParameter("You can't specify both SecretString and SecretBinary.");
  }
  const bytes = Buffer.byteLength(string ?? "") + Buffer.byteLength(binary ?? "", "base64");
  if (bytes > MAX_SECRET_BYTES)
    throw invalidParameter(`The secret has ${bytes} bytes; at most ${MAX_SECRET_BYTES} are allowed.`);
  const same = secret.versions.find((version) => version.id === id);
  if (same !== undefined) {
    if (same.string === string && same.binary === binary) return secret;
    throw new ServiceError(400, "ResourceExistsException", `A version ${id} with another content exists already.`);
  }
  const version: SecretVersion = {
    id,
    createdAt: clock(),
    ...(string !== undefined && { string }),
    ...(binary !== undefined && { binary }),
  };
  return { ...secret, changedAt: clock(), versions: [version, ...secret.versions.slice(0, 1)] };
}

function found(secretId: string, facts: SecretsFacts): StoredSecret {
  const secret = foundOrDeleted(secretId, facts);
  if (secret.deletedAt === undefined) return secret;
  throw new ServiceError(
    400,
    "InvalidRequestException",
    "You can't perform this operation on the secret because it was marked for deletion.",
  );
}

function foundOrDeleted(secretId: string, { store }: SecretsFacts): StoredSecret {
  const secret = store().find(secretId);
  if (secret !== undefined) return secret;
  throw notFound("Secrets Manager can't find the specified secret.");
}

const notFound = (message: string) => new ServiceError(400, "ResourceNotFoundException", message);
const invalidParameter = (message: string) => new ServiceError(400, "InvalidParameterException", message);

function operation<Name extends keyof typeof INPUTS>(
  name: Name,
  run: (input: z.infer<(typeof INPUTS)[Name]>, facts: SecretsFacts) => object,
): SecretsOperation {
  return {
    permissions(input, facts) {
      const id = String(input.SecretId ?? input.Name ?? "");
      const secret = facts.store().find(id) ?? newSecret(id, undefined, facts);
      return [{ action: `secretsmanager:${name}`, resourceArn: secret.arn }];
    },
    run(input, facts) {
      const result = INPUTS[name].safeParse(input);
      if (!result.success) throw invalidParameter(z.prettifyError(result.error));
      return run(result.data as z.infer<(typeof INPUTS)[Name]>, facts);
    },
  };
}
