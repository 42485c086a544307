/** Who wakes the models of this deployment that sleep. */
import { randomBytes } from "node:crypto";
import { clientFromEnvironment } from "../../adapters/aws/signed-client.ts";
import type { Table } from "../../adapters/dynamodb/table.ts";
import { wakeStoreOn } from "../../adapters/dynamodb/wake-table.ts";
import type { Transport } from "../../adapters/http/transport.ts";
import { inferenceComponentsOn } from "../../adapters/sagemaker/inference-components.ts";
import { createSharedWake } from "../../core/routing/wake/shared-wake.ts";
import { createWaker, type Waker } from "../../core/routing/wake/waker.ts";
import type { Clock } from "../../core/serving/clock.ts";
import type { ServingEnvironment } from "./environment.ts";

export interface WakeParts {
  readonly environment: Pick<ServingEnvironment, "endpoints">;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Undefined: this deployment wakes nothing. */
  readonly table: Pick<Table, "get" | "put"> | undefined;
  readonly takesJobs: boolean;
  readonly transport: Transport;
  readonly clock: Clock;
}

export function wakerOfDeployment(parts: WakeParts): Waker | undefined {
  const { environment, variables, table, takesJobs, transport, clock } = parts;
  if (table === undefined || Object.keys(environment.endpoints).length === 0) return undefined;
  return createWaker({
    sleeperOf: (model) => environment.endpoints[model],
    shared: createSharedWake({
      store: wakeStoreOn(table, clock.epochMillis),
      copies: inferenceComponentsOn(clientFromEnvironment("sagemaker", variables, transport), {
        endpointOf: endpointOfComponent(environment),
        epochMillis: clock.epochMillis,
      }),
      clock,
      random: Math.random,
    }),
    takesJobs,
    clock,
    newToken: () => randomBytes(9).toString("base64url"),
  });
}

export const endpointOfComponent =
  ({ endpoints }: Pick<ServingEnvironment, "endpoints">) =>
  (component: string): string | undefined =>
    Object.values(endpoints).find((route) => route.component === component)?.endpoint;
