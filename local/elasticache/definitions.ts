/** What templates say. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ElastiCache.html */
import * as z from "zod";

const limit = z.coerce.number().int().min(0).optional();

export const userProperties = z.object({
  UserId: z.string().regex(/^[a-z][a-z0-9-]*$/),
  UserName: z.string().min(1),
  Engine: z.literal("valkey"),
  AccessString: z.string().default("on ~* +@all"),
  AuthenticationMode: z.object({ Type: z.literal("iam", "logins other than by IAM are not simulated here") }),
});

export const groupProperties = z.object({
  UserGroupId: z.string().regex(/^[a-z][a-z0-9-]*$/),
  Engine: z.literal("valkey"),
  UserIds: z.array(z.string()).min(1),
});

export const cacheProperties = z.object({
  ServerlessCacheName: z.string().regex(/^[a-z][a-z0-9-]*$/),
  Description: z.string().default(""),
  Engine: z.literal("valkey"),
  MajorEngineVersion: z.string().default("9"),
  ConnectionType: z
    .literal("public", '"public", or absent where SubnetIds and SecurityGroupIds say where it is')
    .optional(),
  SubnetIds: z.array(z.string()).min(2).max(3).optional(),
  SecurityGroupIds: z.array(z.string()).min(1).optional(),
  UserGroupId: z.string(),
  CacheUsageLimits: z
    .object({
      DataStorage: z.object({ Minimum: limit, Maximum: limit, Unit: z.literal("GB") }).optional(),
      ECPUPerSecond: z.object({ Minimum: limit, Maximum: limit }).optional(),
    })
    .default({}),
});
