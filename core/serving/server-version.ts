/** What the API calls itself: `version` of package.json (test/core/serving/server-version.test.ts holds them together). */
export const SERVER_VERSION = "0.1.0";
