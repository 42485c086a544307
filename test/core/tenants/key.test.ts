import { createHash } from "node:crypto";
import fc from "fast-check";
import { API_KEY_PATTERN, apiKeyPrefix, generateApiKey, hashApiKey } from "../../../core/tenants/key.ts";

test("a key is its 32 random bytes in base64url, and nothing else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const key = generateApiKey(bytes);
      expect(key).toMatch(API_KEY_PATTERN);
      expect(Buffer.from(key.slice(3), "base64url")).toEqual(Buffer.from(bytes));
    }),
  );
});

test("fewer or more bytes are refused", () => {
  expect(() => generateApiKey(new Uint8Array(16))).toThrow("32 random bytes; received 16");
});

test("what is stored is the SHA-256, and what is shown the first characters", () => {
  const key = generateApiKey(new Uint8Array(32).fill(7));
  expect(hashApiKey(key)).toBe(createHash("sha256").update(key).digest("hex"));
  expect(apiKeyPrefix(key)).toBe("fk_BwcH");
});
