import { join } from "node:path";
import * as z from "zod";
import { physicalName } from "../physical-name.ts";
import { readProperties } from "../resource-properties.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import { createSecretsManagerApi } from "./api.ts";
import { newSecret, type SecretsFacts, withVersion } from "./operations.ts";
import { openSecretStore, type SecretStore } from "./secret-store.ts";

const MAX_NAME_LENGTH = 512;

const properties = z.object({
  Name: z.string().max(MAX_NAME_LENGTH).optional(),
  Description: z.string().optional(),
  SecretString: z.string().optional(),
});

/** Secrets, kept in `<state>/secrets-manager`, for this user's eyes only. What a template creates keeps the value it was given since. */
export function createSecretsManagerSimulator(
  context: Pick<SimulatorContext, "accountId" | "region" | "stateDirectory" | "clock">,
): Simulator {
  let opened: SecretStore | undefined;
  const store = (): SecretStore => {
    opened ??= openSecretStore(join(context.stateDirectory, "secrets-manager", "secrets.json"));
    return opened;
  };
  const { accountId, region, clock } = context;
  const facts: SecretsFacts = { accountId, region, clock, store };
  return {
    resources: {
      "AWS::SecretsManager::Secret": {
        honoured: Object.keys(properties.shape),
        ignored: {
          KmsKeyId: "the disk's own encryption applies",
          ReplicaRegions: "there is one region here",
          Tags: "no policy here compares tags",
        },
        async create(resource) {
          const { Name, Description, SecretString } = readProperties(resource, properties);
          const name = Name ?? physicalName(resource, { maxLength: MAX_NAME_LENGTH });
          const known = store().find(name);
          if (known === undefined) {
            const secret = newSecret(name, Description, facts);
            store().put(SecretString === undefined ? secret : withVersion(secret, { SecretString }, facts));
          }
          const { arn } = store().find(name) ?? newSecret(name, Description, facts);
          return { ref: arn, attributes: { Id: arn } };
        },
      },
    },
    service: createSecretsManagerApi(facts),
  };
}
