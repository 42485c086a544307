/**
 * What runs here where AWS runs an image: a program that keeps the container contract. It is started with the argument
 * `serve`, as `docker run <image> serve` would be, and finds in its environment what a container would:
 *
 * - the variables that model or component set
 * - `SAGEMAKER_BIND_TO_PORT`: on AWS 8080; here each copy has a port of its own
 * - `SM_MODEL_DIR`: the folder with the model's files, `/opt/ml/model` on AWS
 * - `FARTHING_CONTAINER_IMAGE`: the image that AWS would run
 *
 * https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
 */
export interface ContainerCommand {
  readonly executable: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}
