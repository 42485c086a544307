/**
 * EC2 instances that Lambda runs functions on, many requests to an environment: no cold starts for requests, a price by the
 * instance. https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html
 */
import { PolicyDocument, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { CfnCapacityProvider } from "aws-cdk-lib/aws-lambda";
import { Aws, Validations } from "aws-cdk-lib/core";
import { Construct } from "constructs";
import { describeInstances, launchFromImages, launchIntoNetwork, ownInstances } from "./permissions.ts";

export interface ManagedCapacityProps {
  /** `farthing-<environment>-<group>`. */
  readonly name: string;
  readonly arch: "x64" | "arm64";
  readonly instanceTypes: readonly string[];
  readonly maxVcpus: number | undefined;
  /** Processor use, in percent, that the number of instances is scaled to. Undefined: AWS chooses. */
  readonly targetUtilization: number | undefined;
  /** Where the instances are. Undefined: nowhere in AWS, on the machine that runs the templates. */
  readonly network: CapacityNetwork | undefined;
}

export interface CapacityNetwork {
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
}

/** Ids of the right form, since the resource wants some, of things that are not there. */
const NOWHERE: CapacityNetwork = { subnetIds: ["subnet-00000000"], securityGroupIds: ["sg-00000000"] };

export class ManagedCapacity extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, props: ManagedCapacityProps) {
    super(scope, id);
    const { name, arch, instanceTypes, maxVcpus, targetUtilization } = props;
    const { subnetIds, securityGroupIds } = props.network ?? NOWHERE;
    const ec2Arn = (resource: string) => `arn:${Aws.PARTITION}:ec2:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;
    const networkArns = [
      ...subnetIds.map((subnet) => ec2Arn(`subnet/${subnet}`)),
      ...securityGroupIds.map((group) => ec2Arn(`security-group/${group}`)),
    ];
    const role = new Role(this, "Operator", {
      description: `How Lambda starts the instances of ${name}`,
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: {
        operate: new PolicyDocument({
          statements: [
            ownInstances(["instance/*", "network-interface/*", "volume/*"].map(ec2Arn)),
            describeInstances(),
            launchIntoNetwork(networkArns),
            launchFromImages(`arn:${Aws.PARTITION}:ec2:${Aws.REGION}::image/*`),
          ],
        }),
      },
    });
    acknowledgeWildcards(role);
    const provider = new CfnCapacityProvider(this, "Provider", {
      capacityProviderName: name,
      permissionsConfig: { capacityProviderOperatorRoleArn: role.roleArn },
      vpcConfig: { subnetIds: [...subnetIds], securityGroupIds: [...securityGroupIds] },
      instanceRequirements: {
        architectures: [arch === "arm64" ? "arm64" : "x86_64"],
        allowedInstanceTypes: [...instanceTypes],
      },
      capacityProviderScalingConfig: {
        ...(maxVcpus !== undefined && { maxVCpuCount: maxVcpus }),
        ...(targetUtilization === undefined
          ? { scalingMode: "Auto" }
          : {
              scalingMode: "Manual",
              scalingPolicies: [
                {
                  predefinedMetricType: "LambdaCapacityProviderAverageCPUUtilization",
                  targetValue: targetUtilization,
                },
              ],
            }),
      },
    });
    this.arn = provider.attrArn;
  }
}

function acknowledgeWildcards(role: Role): void {
  const region = "<AWS::Region>";
  const account = "<AWS::AccountId>";
  const reason =
    "Instances, their disks and interfaces come into being by themselves; the condition holds them to Lambda's own.";
  for (const kind of ["instance", "network-interface", "volume"]) {
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:${region}:${account}:${kind}/*]`,
      reason,
    });
  }
  Validations.of(role).acknowledge({
    id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:${region}::image/*]`,
    reason: "Lambda chooses the image; the condition holds it to Amazon's.",
  });
  Validations.of(role).acknowledge({
    id: "AwsSolutions-IAM5[Resource::*]",
    reason: "EC2's Describe actions know no resources; nothing else in this role has a wildcard resource.",
  });
}
