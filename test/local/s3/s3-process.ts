/** A whole S3 in a process of its own, for tests that measure or kill it: `node s3-process.ts <state directory>`. */
import { createS3Simulator } from "../../../local/s3/simulator.ts";
import { startEndpoint } from "../endpoint/running-endpoint.ts";

const endpoint = await startEndpoint((context, access) => [createS3Simulator(context, { access })], {
  stateDirectory: process.argv[2] as string,
});
await endpoint.create("AWS::S3::Bucket", "Models", { BucketName: "models" });
process.stdout.write(`${JSON.stringify(endpoint.asOperator)}\n`);
