import { ListEndpointsCommand, type SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { FaultName } from "../../../local/sagemaker/runtime-api/faults.ts";

interface WireRequest {
  headers: Record<string, string>;
  body: string;
}

/** The next `count` invocations of the endpoint fail like that: the one call that AWS does not have, sent as any other. */
export async function putFault(
  client: SageMakerClient,
  endpointName: string,
  fault: FaultName,
  count: number,
): Promise<void> {
  const command = new ListEndpointsCommand({});
  command.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as WireRequest;
      request.body = JSON.stringify({ EndpointName: endpointName, Fault: fault, Count: count });
      request.headers["x-amz-target"] = "SageMaker.FarthingPutFault";
      request.headers["content-length"] = String(Buffer.byteLength(request.body));
      return next(args);
    },
    { step: "build", priority: "high", name: "asFault" },
  );
  await client.send(command);
}
