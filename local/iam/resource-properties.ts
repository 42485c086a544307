import * as z from "zod";
import { readProperties } from "../resource-properties.ts";
import type { ResolvedResource } from "../simulator.ts";

const list = <Item extends z.ZodType>(item: Item) => z.array(item).default([]);
const path = z
  .string()
  .regex(/^\/(?:[\w+=,.@-]+\/)*$/)
  .default("/");
const document = z.record(z.string(), z.unknown());

const role = z.object({
  AssumeRolePolicyDocument: document,
  ManagedPolicyArns: list(z.string()),
  Path: path,
  PermissionsBoundary: z.string().optional(),
  Policies: list(z.object({ PolicyName: z.string(), PolicyDocument: document })),
  RoleName: z
    .string()
    .regex(/^[\w+=,.@-]{1,64}$/)
    .optional(),
});

const policy = z.object({ PolicyName: z.string(), PolicyDocument: document, Roles: list(z.string()) });

const managedPolicy = z.object({
  ManagedPolicyName: z.string().optional(),
  Path: path,
  PolicyDocument: document,
  Roles: list(z.string()),
});

export const readRole = (resource: ResolvedResource) => readProperties(resource, role);
export const readPolicy = (resource: ResolvedResource) => readProperties(resource, policy);
export const readManagedPolicy = (resource: ResolvedResource) => readProperties(resource, managedPolicy);
