/** The role in which SageMaker runs models: their image, their weights, their logs, and for asynchronous requests their folder. */
import { PolicyDocument, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Stack, Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import { type EndpointCard, weightsPrefix } from "../../../core/models/endpoint-card.ts";
import type { ImportedResource } from "../serving-function/serving-function.ts";
import {
  decryptWeights,
  encryptResults,
  listWeights,
  pullImages,
  readRequests,
  readWeights,
  signInToRegistry,
  writeLogs,
  writeResults,
} from "./permissions.ts";
import { imageRepositoryArn } from "./serving-container.ts";

export interface ExecutionRoleProps {
  readonly cards: readonly EndpointCard[];
  readonly modelBucket: ImportedResource;
  readonly kmsKeyArn: string | undefined;
  readonly logGroupArns: readonly string[];
  /** Folder of asynchronous requests and answers, ending in `/`. Undefined: there are none. */
  readonly asyncPrefix?: string;
}

export class ExecutionRole extends Role {
  constructor(scope: Construct, id: string, props: ExecutionRoleProps) {
    const { cards, modelBucket, kmsKeyArn, logGroupArns, asyncPrefix } = props;
    const prefixes = cards.map(weightsPrefix).filter((prefix) => prefix !== undefined);
    const images = new Set(cards.map(({ serving }) => imageRepositoryArn(Stack.of(scope), serving.engine)));
    super(scope, id, {
      description: `How SageMaker runs ${cards.map(({ name }) => name).join(", ")}`,
      assumedBy: new ServicePrincipal("sagemaker.amazonaws.com"),
      inlinePolicies: {
        run: new PolicyDocument({
          statements: [
            signInToRegistry(),
            pullImages([...images]),
            ...(prefixes.length === 0
              ? []
              : [readWeights(modelBucket.arn, prefixes), listWeights(modelBucket.arn, prefixes)]),
            ...(asyncPrefix === undefined
              ? []
              : [readRequests(modelBucket.arn, asyncPrefix), writeResults(modelBucket.arn, asyncPrefix)]),
            ...(kmsKeyArn === undefined ? [] : [decryptWeights(kmsKeyArn)]),
            ...(kmsKeyArn === undefined || asyncPrefix === undefined ? [] : [encryptResults(kmsKeyArn)]),
            writeLogs([...logGroupArns]),
          ],
        }),
      },
    });
    Validations.of(this).acknowledge({
      id: "AwsSolutions-IAM5[Resource::*]",
      reason: "Signing in to ECR knows no resources; nothing else in this role has a wildcard resource of its own.",
    });
    const folders = ["requests/", "results/", "failures/"].flatMap((folder) =>
      asyncPrefix ? [asyncPrefix + folder] : [],
    );
    for (const prefix of [...prefixes, ...folders]) {
      Validations.of(this).acknowledge({
        id: `AwsSolutions-IAM5[Resource::${modelBucket.arnExport}/${prefix}*]`,
        reason: "The files of one model, whose names others choose.",
      });
    }
  }
}
