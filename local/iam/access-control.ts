import type { AccessControl, Caller, CallingFunction, Credentials, RequiredPermission } from "../simulator.ts";
import type { ConditionContext } from "./condition.ts";
import { decide, type Question } from "./decision.ts";
import { type DenialReason, denialMessage } from "./denial-message.ts";
import type { Policy, Principal } from "./policy-document.ts";
import type { Role, RoleStore } from "./roles.ts";
import { SessionStore } from "./sessions.ts";
import { matchesWildcard } from "./wildcard.ts";

/** What the endpoint needs to check a signature, and S3 to hang a policy on a bucket. */
export interface LocalAccessControl extends AccessControl {
  /** The secret and session token behind an access key id. */
  credentialsOf(accessKeyId: string): Credentials | undefined;
  /** Replaces the resource's policy; `arnPattern` may end with `*` (a bucket and its objects). */
  setResourcePolicy(source: string, arnPatterns: readonly string[], policy: Policy): void;
}

const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;

export class IamAccessControl implements LocalAccessControl {
  readonly #roles: RoleStore;
  readonly #account: { readonly accountId: string; readonly region: string };
  readonly #sessions = new SessionStore();
  readonly #resourcePolicies = new Map<string, { arnPatterns: readonly string[]; policy: Policy }>();

  constructor(roles: RoleStore, account: { readonly accountId: string; readonly region: string }) {
    this.#roles = roles;
    this.#account = account;
  }

  assumeRole(
    roleArn: string,
    sessionName: string,
    servicePrincipal = "lambda.amazonaws.com",
    caller?: CallingFunction,
  ): Credentials {
    const role = this.#roles.get(roleArn);
    if (role === undefined) throw new Error(`There is no role ${roleArn} to assume.`);
    if (!SESSION_NAME.test(sessionName)) {
      throw new Error(`"${sessionName}" is not a role session name; it has 2 to 64 letters, digits or _+=,.@-`);
    }
    const verdict = decide([role.trust], {
      action: "sts:AssumeRole",
      context: new Map([["aws:sourceaccount", [this.#account.accountId]]]),
      isPrincipal: ({ type, value }) => (type === "Service" ? value === servicePrincipal : value === "*"),
    });
    if (verdict !== "allow") {
      throw new Error(
        `The role ${roleArn} cannot be assumed by ${servicePrincipal}: its trust policy does not allow it.`,
      );
    }
    return this.#sessions.open({ type: "role", roleArn, sessionName, ...(caller && { function: caller }) });
  }

  callerOf(accessKeyId: string): Caller | undefined {
    return this.#sessions.find(accessKeyId)?.caller;
  }

  credentialsOf(accessKeyId: string): Credentials | undefined {
    return this.#sessions.find(accessKeyId)?.credentials;
  }

  setResourcePolicy(source: string, arnPatterns: readonly string[], policy: Policy): void {
    this.#resourcePolicies.set(source, { arnPatterns, policy });
  }

  evaluate(
    caller: Caller,
    permission: RequiredPermission,
    endpointPolicy?: Policy,
  ): ReturnType<AccessControl["evaluate"]> {
    if (caller.type === "operator") return { allowed: true };
    const role = this.#roles.get(caller.roleArn);
    const roleName = caller.roleArn.split("/").at(-1);
    const principalArn = `arn:aws:sts::${this.#account.accountId}:assumed-role/${roleName}/${caller.sessionName}`;
    const way = { endpointPolicy, callingFunction: caller.function };
    const reason = role === undefined ? "no-identity-policy" : this.#denialOf(role, principalArn, permission, way);
    return reason === undefined
      ? { allowed: true }
      : { allowed: false, message: denialMessage(principalArn, permission, reason) };
  }

  #denialOf(
    role: Role,
    principalArn: string,
    permission: RequiredPermission,
    way: { readonly endpointPolicy: Policy | undefined; readonly callingFunction: CallingFunction | undefined },
  ): DenialReason | undefined {
    const question: Question = {
      action: permission.action,
      resourceArn: permission.resourceArn,
      context: this.#contextOf(role, permission, way.callingFunction),
      isPrincipal: (principal) => isRole(principal, role, principalArn, this.#account.accountId),
    };
    const resourcePolicies = [...this.#resourcePolicies.values()]
      .filter(({ arnPatterns }) => arnPatterns.some((pattern) => matchesWildcard(pattern, permission.resourceArn)))
      .map(({ policy }) => policy);
    const boundary = this.#roles.permissionsBoundary(role);
    const byIdentity = decide(this.#roles.identityPolicies(role), question);
    const byResource = decide(resourcePolicies, question);
    const byBoundary = boundary === undefined ? "allow" : decide([boundary], question);

    const byEndpoint = way.endpointPolicy === undefined ? "allow" : decide([way.endpointPolicy], question);

    if (byEndpoint === "deny") return "explicit-endpoint-deny";
    if (byIdentity === "deny") return "explicit-identity-deny";
    if (byBoundary === "deny") return "explicit-boundary-deny";
    if (byResource === "deny") return "explicit-resource-deny";
    if (byIdentity !== "allow" && byResource !== "allow") return "no-identity-policy";
    if (byBoundary !== "allow") return "no-permissions-boundary";
    if (byEndpoint !== "allow") return "no-endpoint-policy";
    return undefined;
  }

  #contextOf(role: Role, permission: RequiredPermission, caller: CallingFunction | undefined): ConditionContext {
    const { accountId, region } = this.#account;
    const always: Record<string, readonly string[]> = {
      // The endpoint speaks plain HTTP on the loopback interface, where nobody can listen in: that counts as secure, or
      // every bucket with `enforceSSL` would be out of reach.
      "aws:SecureTransport": ["true"],
      "aws:PrincipalArn": [role.arn],
      "aws:PrincipalAccount": [accountId],
      "aws:PrincipalType": ["AssumedRole"],
      "aws:ResourceAccount": [accountId],
      "aws:RequestedRegion": [region],
      ...(caller && { "lambda:SourceFunctionArn": [caller.arn] }),
    };
    return new Map(
      Object.entries({ ...always, ...permission.context }).map(([key, values]) => [key.toLowerCase(), values]),
    );
  }
}

/** A role is named by its ARN, by its session's, by the account, or by `*`. */
function isRole(principal: Principal, role: Role, sessionArn: string, accountId: string): boolean {
  if (principal.type !== "AWS") return false;
  return ["*", role.arn, sessionArn, accountId, `arn:aws:iam::${accountId}:root`].includes(principal.value);
}
