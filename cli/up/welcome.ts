import type { Terminal } from "../terminal.ts";
import type { LiveModel } from "./demo-models.ts";
import type { FirstRequest } from "./first-requests.ts";
import type { SelfMadeCertificate } from "./self-made-certificate.ts";

export interface Welcome {
  readonly url: string;
  readonly awsEndpointUrl: string;
  readonly apiKey: string;
  readonly models: readonly LiveModel[];
  readonly requests: readonly FirstRequest[];
  readonly selfMade: SelfMadeCertificate | undefined;
}

/** What a person needs to make the first calls. */
export function printWelcome({ out, style }: Terminal, welcome: Welcome): void {
  const { url, awsEndpointUrl, apiKey, models, requests, selfMade } = welcome;
  const names = models.map(({ name, task }) => `${name} ${style.dim(`(${task})`)}`).join(", ");
  out();
  out(`${style.bold("Farthing")} answers at ${style.green(url)}`);
  if (selfMade !== undefined) {
    const until = selfMade.renewedFrom.toISOString().slice(0, 10);
    out(`  TLS       clients must trust ${selfMade.path} ${style.dim(`(the same until ${until})`)}`);
    out(`            SHA-256 ${selfMade.fingerprint}`);
  }
  out(`  API key   ${apiKey}`);
  out(`  models    ${names || "none yet: npx farthing model add <dir>, then npx farthing model publish <name>"}`);
  out(`  AWS APIs  ${awsEndpointUrl} ${style.dim("(S3, DynamoDB, Lambda, CloudWatch … for the AWS SDK)")}`);
  for (const { what, command } of requests) {
    out();
    out(style.dim(`# ${what}`));
    out(command);
  }
  out();
  out(style.dim("npx farthing logs --follow shows each request; Ctrl-C stops everything."));
}
