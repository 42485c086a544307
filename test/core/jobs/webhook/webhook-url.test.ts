import { webhookUrl } from "../../../../core/jobs/webhook/webhook-url.ts";

const TERMS = { hosts: ["hooks.acme.example"], secret: "whsec_x" };

test("a host of the list is called as it was written, without what only browsers use", () => {
  expect(webhookUrl("https://hooks.acme.example/a?b=c#d", TERMS)).toBe("https://hooks.acme.example/a?b=c");
  expect(webhookUrl("https://HOOKS.acme.example", TERMS)).toBe("https://hooks.acme.example/");
});

test.each([
  "http://hooks.acme.example/",
  "https://other.example/",
  "https://hooks.acme.example.evil.example/",
  "https://evil.example/https://hooks.acme.example/",
  "https://hooks.acme.example@evil.example/",
  "https://user:password@hooks.acme.example/",
  "https://hooks.acme.example:8443/",
  "https://127.0.0.1/",
  "https://2130706433/",
  "https://[::1]/",
  "https://169.254.169.254/latest/meta-data/",
  "https://localhost/",
  "ftp://hooks.acme.example/",
  "hooks.acme.example",
  "",
  `https://hooks.acme.example/${"a".repeat(3_000)}`,
])("%s is refused", (url) => {
  expect(() => webhookUrl(url, TERMS)).toThrow(/x-farthing-webhook is/);
  // Not even an address that somebody put on the list.
  expect(() => webhookUrl("https://127.0.0.1/", { ...TERMS, hosts: ["127.0.0.1"] })).toThrow();
});

test("a tenant without a list has nobody called", () => {
  expect(() => webhookUrl("https://hooks.acme.example/", undefined)).toThrow(/no hosts/);
});
