/** Secrets of upstreams as their administrator writes them, through the SDK. */
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { parseUpstreamSecret, type UpstreamSecret } from "../../core/serving/upstream-secret.ts";

export interface UpstreamSecretStore {
  /** Undefined: there is none, or it was never filled. */
  read(name: string): Promise<UpstreamSecret | undefined>;
  /** As a whole. Rejects with an Error in words when the stack has no such secret. */
  write(name: string, secret: UpstreamSecret): Promise<void>;
}

export function upstreamSecretStoreOn(client: SecretsManagerClient): UpstreamSecretStore {
  return {
    async read(name) {
      try {
        const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: name }));
        return parseUpstreamSecret(SecretString ?? "", name);
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    async write(name, secret) {
      try {
        await client.send(new PutSecretValueCommand({ SecretId: name, SecretString: JSON.stringify(secret) }));
      } catch (error) {
        if (!isAbsent(error)) throw error;
        throw new Error(
          `there is no secret ${name}: say "secret: true" of this upstream in farthing.config.ts, and deploy`,
        );
      }
    },
  };
}

const isAbsent = (error: unknown): boolean => (error as Error | undefined)?.name === "ResourceNotFoundException";
