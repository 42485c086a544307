import { parseConfig } from "../../infra/config.ts";

test("a receiver's certificate is taken by the configuration, an address as its host is not", () => {
  const receiver = { host: "hooks.plant.example", address: "10.1.2.3", caPem: "-----BEGIN CERTIFICATE-----\nx" };
  const read = (webhookReceivers: object[]) =>
    parseConfig({ environments: { onprem: { modelGroups: [{ name: "small" }], webhookReceivers } } });
  expect(read([receiver]).environments.onprem?.webhookReceivers).toEqual([{ ...receiver, port: 443 }]);
  expect(() => read([{ ...receiver, host: "10.1.2.3" }])).toThrow(/host name/);
  expect(() => read([{ ...receiver, address: "plant" }])).toThrow(/IP address/);
});
