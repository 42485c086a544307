/** A container and its weights: what a copy is made of, on `tensorParallel` GPUs. */
import { CfnModel } from "aws-cdk-lib/aws-sagemaker";
import { Stack } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { type EndpointCard, weightsPrefix } from "../../../core/models/endpoint-card.ts";
import { containerVariables, imageUri } from "./serving-container.ts";

export interface SageMakerModelProps {
  readonly card: EndpointCard;
  readonly tensorParallel: number;
  readonly executionRoleArn: string;
  readonly bucketName: string;
}

export class SageMakerModel extends CfnModel {
  constructor(
    scope: Construct,
    id: string,
    { card, tensorParallel, executionRoleArn, bucketName }: SageMakerModelProps,
  ) {
    const prefix = weightsPrefix(card);
    super(scope, id, {
      executionRoleArn,
      enableNetworkIsolation: true,
      primaryContainer: {
        image: imageUri(Stack.of(scope), card.serving.engine),
        environment: containerVariables(card, tensorParallel),
        ...(prefix !== undefined && {
          modelDataSource: {
            s3DataSource: { s3Uri: `s3://${bucketName}/${prefix}`, s3DataType: "S3Prefix", compressionType: "None" },
          },
        }),
      },
    });
  }
}
