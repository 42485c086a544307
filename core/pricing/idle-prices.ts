/**
 * What one resource of a type costs in a month without a single request. One row per type that our templates hold; a type
 * without a row is reported, never taken as free. Rows without lines are free while idle, each for the reason beside it.
 */
import { HOURS_PER_MONTH, type PriceBook } from "./price-book.ts";
import { propertyAt, type Template, type TemplateResource } from "./template.ts";

export interface IdleCharge {
  readonly item: string;
  /** Units of one resource: how many of them, or how many GB lie there when nothing was ever stored. */
  readonly quantity: number;
  readonly unit: string;
  readonly usdPerUnit: number;
}

type IdlePrice = (resource: TemplateResource, book: PriceBook, templates: readonly Template[]) => readonly IdleCharge[];

const free: IdlePrice = () => [];
const count = (item: string, quantity: number, unit: string, usdPerUnit: number): readonly IdleCharge[] => [
  { item, quantity, unit, usdPerUnit },
];

export const IDLE_PRICES: Readonly<Record<string, IdlePrice>> = {
  "AWS::WAFv2::WebACL": (acl, { waf }) => [
    ...count("WAF web ACL", 1, "ACL", waf.webAclMonth),
    ...count("WAF rules", lengthOf(propertyAt(acl, "Rules")), "rules", waf.ruleMonth),
  ],
  "AWS::CloudWatch::Alarm": (alarm, { cloudwatch }) => {
    const metrics = Math.max(1, lengthOf(propertyAt(alarm, "Metrics")));
    // Billed by the metrics that an alarm looks at; a period below a minute makes it high-resolution.
    const highResolution = Number(propertyAt(alarm, "Period") ?? 60) < 60;
    return highResolution
      ? count("high-resolution alarms", metrics, "alarm metrics", cloudwatch.highResAlarmMonth)
      : count("alarms", metrics, "alarm metrics", cloudwatch.alarmMonth);
  },
  "AWS::CloudWatch::Dashboard": (_, { cloudwatch }) => count("dashboards", 1, "dashboards", cloudwatch.dashboardMonth),
  // The least that is billed; users and groups of users cost nothing.
  "AWS::ElastiCache::ServerlessCache": (_, { elasticacheServerlessValkey: { gbHour, minGb } }) =>
    count("cache (ElastiCache, Valkey)", minGb, "GB", gbHour * HOURS_PER_MONTH),
  "AWS::ElastiCache::User": free,
  "AWS::ElastiCache::UserGroup": free,
  // The network of a cache without a public address: paid by the hour, in each zone.
  "AWS::EC2::VPCEndpoint": (endpoint, { network }) => {
    if (propertyAt(endpoint, "VpcEndpointType") !== "Interface") return [];
    const zones = lengthOf(propertyAt(endpoint, "SubnetIds"));
    return count(
      `endpoint of ${endpointService(propertyAt(endpoint, "ServiceName"))} in the VPC`,
      zones,
      "zones",
      network.interfaceEndpointHourPerAz * HOURS_PER_MONTH,
    );
  },
  "AWS::EC2::NatGateway": (_, { network }) =>
    count("way from the VPC to the internet (NAT)", 1, "zones", network.natHour * HOURS_PER_MONTH),
  "AWS::EC2::EIP": (_, { network }) =>
    count("public IPv4 addresses", 1, "addresses", network.publicIpv4Hour * HOURS_PER_MONTH),
  "AWS::EC2::VPC": free,
  "AWS::EC2::Subnet": free,
  "AWS::EC2::RouteTable": free,
  "AWS::EC2::SubnetRouteTableAssociation": free,
  "AWS::EC2::Route": free,
  "AWS::EC2::SecurityGroup": free,
  "AWS::EC2::InternetGateway": free,
  "AWS::EC2::VPCGatewayAttachment": free,
  "AWS::KMS::Key": (_, { kms }) => count("KMS keys", 1, "keys", kms.keyMonth),
  "AWS::SecretsManager::Secret": (_, { secretsManager }) =>
    count("secrets (keys of upstreams)", 1, "secrets", secretsManager.secretMonth),
  "AWS::Logs::LogGroup": (_, { cloudwatch }) => count("log storage", 0, "GB", cloudwatch.logStoreGbMonth),
  "AWS::S3::Bucket": (_, { s3 }) => count("model files (S3)", 0, "GB", s3.gbMonth),
  "AWS::DynamoDB::Table": (table, { dynamodb }) => [
    ...count("tables (DynamoDB, on demand)", 0, "GB", dynamodb.gbMonth),
    ...(propertyAt(table, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") === true
      ? count("point-in-time recovery", 0, "GB", dynamodb.pitrGbMonth)
      : []),
  ],
  "AWS::ApiGateway::Stage": (stage, { apiGateway }) => {
    if (propertyAt(stage, "CacheClusterEnabled") !== true) return [];
    const size = String(propertyAt(stage, "CacheClusterSize") ?? "0.5");
    const hourly = apiGateway.restCacheHour[size];
    if (hourly === undefined) throw new RangeError(`the price book has no API cache of ${size} GB`);
    return count(`API cache of ${size} GB`, 1, "caches", hourly * HOURS_PER_MONTH);
  },
  // A regional custom domain and its ACM certificate cost nothing; a hosted zone, if any, is not ours.
  "AWS::ApiGateway::DomainName": () => count("custom domain", 1, "domains", 0),
  // As many instances as AWS starts at least, one in each zone; more environments than fit on them cost more.
  "AWS::Lambda::CapacityProvider": (
    provider,
    { ec2Hour, lambdaManagedInstances: { feeFractionOfEc2OnDemand, ...managed } },
  ) => {
    const types = propertyAt(provider, "InstanceRequirements", "AllowedInstanceTypes");
    const type = Array.isArray(types) ? String(types[0]) : "";
    const hourly = ec2Hour[type];
    if (typeof hourly !== "number")
      throw new RangeError(`the price book has no EC2 instance ${JSON.stringify(type)} in ec2Hour`);
    return count(
      `managed instances (${type}, with Lambda's fee)`,
      managed.minEnvironmentsDefault,
      "instances",
      hourly * (1 + feeFractionOfEc2OnDemand) * HOURS_PER_MONTH,
    );
  },

  // Instances that stay when nobody asks: none where managed scaling goes to zero, and none for asynchronous endpoints, which
  // their queue scales (infra/constructs/gpu-endpoint).
  "AWS::SageMaker::EndpointConfig": (config, { sagemakerHour }) => {
    const variants = propertyAt(config, "ProductionVariants");
    return (Array.isArray(variants) ? variants : []).flatMap((variant: unknown) => {
      const resource: TemplateResource = { Type: "", Properties: variant as Readonly<Record<string, unknown>> };
      const pools = propertyAt(resource, "InstancePools");
      const [first] = Array.isArray(pools) ? (pools as readonly { readonly InstanceType?: unknown }[]) : [];
      const type = String(propertyAt(resource, "InstanceType") ?? first?.InstanceType ?? "");
      const hourly = sagemakerHour[type];
      if (typeof hourly !== "number")
        throw new RangeError(`the price book has no instance ${JSON.stringify(type)} in sagemakerHour`);
      const least = propertyAt(resource, "ManagedInstanceScaling", "MinInstanceCount");
      const asleep = propertyAt(config, "AsyncInferenceConfig") === undefined ? Number(least ?? 1) : 0;
      return count(`GPU endpoint (${type})`, asleep, "instances", hourly * HOURS_PER_MONTH);
    });
  },

  // Paid by the request only.
  "AWS::ApiGateway::RestApi": free,
  "AWS::ApiGateway::Deployment": free,
  "AWS::ApiGateway::Resource": free,
  "AWS::ApiGateway::Method": free,
  "AWS::ApiGateway::GatewayResponse": free,
  "AWS::ApiGateway::BasePathMapping": free,
  "AWS::Lambda::Version": free,
  "AWS::Lambda::Alias": (alias, { lambda }, templates) => {
    const kept = Number(propertyAt(alias, "ProvisionedConcurrencyConfig", "ProvisionedConcurrentExecutions") ?? 0);
    if (kept === 0) return [];
    const id = propertyAt(alias, "FunctionName", "Ref");
    const owner = templates.flatMap(({ Resources }) => Resources?.[String(id)] ?? [])[0];
    if (owner === undefined) throw new RangeError(`no template has the function ${JSON.stringify(id)} of an alias`);
    const gb = Number(propertyAt(owner, "MemorySize") ?? 128) / 1024;
    const architectures = propertyAt(owner, "Architectures");
    const architecture = Array.isArray(architectures) && architectures[0] === "arm64" ? "arm64" : "x86_64";
    const monthly = lambda.provisionedGbSecond[architecture] * gb * SECONDS_PER_HOUR * HOURS_PER_MONTH;
    return count(`provisioned concurrency (${gb * 1024} MB ${architecture})`, kept, "environments", monthly);
  },
  // Functions run on demand; code and layers lie in Lambda's own storage (75 GB free per region).
  "AWS::Lambda::Function": free,
  "AWS::Lambda::LayerVersion": free,
  // Paid for by their endpoint's instances.
  "AWS::SageMaker::Model": free,
  "AWS::SageMaker::Endpoint": free,
  "AWS::SageMaker::InferenceComponent": free,
  // Settings and permissions.
  "AWS::ApplicationAutoScaling::ScalableTarget": free,
  "AWS::ApplicationAutoScaling::ScalingPolicy": free,
  "AWS::ApiGateway::Account": free,
  "AWS::Lambda::Permission": free,
  // Scheduled rules cost nothing; what they start is a request.
  "AWS::Events::Rule": free,
  "AWS::Logs::SubscriptionFilter": free,
  "AWS::IAM::Role": free,
  "AWS::S3::BucketPolicy": free,
  "AWS::WAFv2::WebACLAssociation": free,
};

const SECONDS_PER_HOUR = 3600;
/** `sagemaker.runtime` of `com.amazonaws.<region>.sagemaker.runtime`, whose region the template may leave to the deployment. */
function endpointService(serviceName: unknown): string {
  const joined = propertyAt({ Type: "", Properties: { serviceName } }, "serviceName", "Fn::Join", "1");
  const parts: readonly unknown[] = Array.isArray(joined) ? joined : [serviceName];
  const text = parts.map((part) => (typeof part === "string" ? part : "region")).join("");
  return text.replace(/^com\.amazonaws\.[^.]*\./, "");
}

const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);
