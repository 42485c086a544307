import { type NetworkUsers, networkNeeds } from "../../infra/network-needs.ts";

const endpoint = { name: "chat" };
const upstream = (url: string, secret = false) => ({ name: new URL(url).hostname, url, secret });
const receiver = (address: string, port: number) => ({ host: "hooks.example.com", address, port });
const NOBODY: NetworkUsers = { endpoints: [], upstreams: [], webhookReceivers: [] };

test.each<[string, Partial<NetworkUsers>, readonly string[]]>([
  ["functions only: the router starts jobs and forwards", {}, ["lambda"]],
  ["models on GPU endpoints", { endpoints: [endpoint] }, ["lambda", "sagemaker.api", "sagemaker.runtime"]],
  ["an upstream by its private address", { upstreams: [upstream("http://10.1.2.3:8000")] }, ["lambda"]],
  ["one with a key", { upstreams: [upstream("https://10.1.2.3", true)] }, ["lambda", "secretsmanager"]],
  [
    "all of it",
    { endpoints: [endpoint], upstreams: [upstream("http://10.1.2.3", true)] },
    ["lambda", "sagemaker.api", "sagemaker.runtime", "secretsmanager"],
  ],
  ["a receiver of webhooks in the building", { webhookReceivers: [receiver("10.1.2.3", 8443)] }, ["lambda"]],
  ["a way out that was declined", { cache: { vpc: { internet: false } } }, ["lambda"]],
])("%s: these endpoints, and no NAT", (_, users, services) => {
  expect(networkNeeds({ ...NOBODY, ...users }).wayOut).toEqual({ type: "endpoints", services });
});

test.each<[string, Partial<NetworkUsers>, readonly string[]]>([
  ["an upstream on the internet", { upstreams: [upstream("https://rack.example.com/v1")] }, ["rack.example.com"]],
  ["a public address", { upstreams: [upstream("https://8.8.8.8/v1", true)] }, ["8.8.8.8"]],
  [
    "one of two",
    { endpoints: [endpoint], upstreams: [upstream("http://10.0.0.1"), upstream("https://rack.example.com")] },
    ["rack.example.com"],
  ],
  ["a receiver at a public address", { webhookReceivers: [receiver("8.8.8.8", 443)] }, ["hooks.example.com"]],
  ["webhooks to whomever tenants name", { cache: { vpc: { internet: true } } }, ["vpc.internet"]],
])("%s: NAT for these, and no endpoint that costs", (_, users, because) => {
  expect(networkNeeds({ ...NOBODY, ...users }).wayOut).toEqual({ type: "nat", because });
});

test("ports are known, each once; 443 is open anyway", () => {
  const urls = ["https://a.example.com", "http://10.0.0.1:8000/v1", "http://10.0.0.2:8000", "http://10.0.0.3"];
  const webhookReceivers = [receiver("10.0.0.4", 8443), receiver("10.0.0.5", 443)];
  const { ports } = networkNeeds({ ...NOBODY, webhookReceivers, upstreams: urls.map((url) => upstream(url)) });
  expect(ports).toEqual([80, 8000, 8443]);
});
