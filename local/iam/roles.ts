import { AWS_MANAGED_POLICIES } from "./managed-policies.ts";
import { type Policy, parsePolicy } from "./policy-document.ts";

/** A role as its template describes it; the policies that other resources attach are kept apart by their source. */
export interface Role {
  readonly name: string;
  readonly arn: string;
  readonly trust: Policy;
  readonly inline: readonly Policy[];
  readonly managedPolicyArns: readonly string[];
  readonly permissionsBoundaryArn?: string;
}

/**
 * Every role, managed policy and attachment of the local account. What is stored again replaces what was there, so that
 * a changed template takes effect at once for credentials that were given before.
 */
export class RoleStore {
  readonly #rolesByArn = new Map<string, Role>();
  readonly #arnsByName = new Map<string, string>();
  readonly #managed = new Map<string, Policy>(
    Object.entries(AWS_MANAGED_POLICIES).map(([arn, { document }]) => [arn, parsePolicy(document, "identity", arn)]),
  );
  /** Role name → the policy resource's address → its policy. */
  readonly #attached = new Map<string, Map<string, Policy>>();

  put(role: Role): void {
    for (const arn of role.managedPolicyArns) this.#requireManaged(arn, `ManagedPolicyArns of role ${role.name}`);
    if (role.permissionsBoundaryArn !== undefined) {
      this.#requireManaged(role.permissionsBoundaryArn, `PermissionsBoundary of role ${role.name}`);
    }
    this.#rolesByArn.set(role.arn, role);
    this.#arnsByName.set(role.name, role.arn);
  }

  get(arn: string): Role | undefined {
    return this.#rolesByArn.get(arn);
  }

  putManagedPolicy(arn: string, policy: Policy): void {
    this.#managed.set(arn, policy);
  }

  /** `source` names the resource that attaches: attached again, its older policy goes. */
  attach(source: string, policy: Policy, roleNames: readonly string[]): void {
    for (const policies of this.#attached.values()) policies.delete(source);
    for (const name of roleNames) {
      if (!this.#arnsByName.has(name)) throw new Error(`Roles: there is no role "${name}"`);
      const policies = this.#attached.get(name) ?? new Map<string, Policy>();
      policies.set(source, policy);
      this.#attached.set(name, policies);
    }
  }

  identityPolicies(role: Role): Policy[] {
    const managed = role.managedPolicyArns.map((arn) => this.#requireManaged(arn, role.name));
    return [...role.inline, ...managed, ...(this.#attached.get(role.name)?.values() ?? [])];
  }

  permissionsBoundary(role: Role): Policy | undefined {
    return role.permissionsBoundaryArn === undefined
      ? undefined
      : this.#requireManaged(role.permissionsBoundaryArn, role.name);
  }

  #requireManaged(arn: string, where: string): Policy {
    const policy = this.#managed.get(arn);
    if (policy === undefined) {
      const known = [...this.#managed.keys()].join(", ");
      throw new Error(`${where}: no document of the managed policy ${arn} is kept here; known are ${known}`);
    }
    return policy;
  }
}
