import { createJsonApi } from "../endpoint/json-api.ts";
import type { AwsService } from "../simulator.ts";
import { SECRETS_OPERATIONS, type SecretsFacts } from "./operations.ts";

export const createSecretsManagerApi = (facts: SecretsFacts): AwsService =>
  createJsonApi({
    service: "Secrets Manager",
    signingName: "secretsmanager",
    targetPrefix: "secretsmanager",
    operations: SECRETS_OPERATIONS,
    facts,
  });
