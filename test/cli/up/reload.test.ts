import { reload } from "../../../cli/up/reload.ts";
import { recordingTerminal } from "../recording-terminal.ts";

/** The platform's side: remembers what it was given. */
function platform(answer: { replaced: readonly string[]; needsRestart: boolean }) {
  const loaded: string[] = [];
  return { loaded, reload: async (directory: string) => (loaded.push(directory), answer) };
}

test("new code is said by the names of its functions", async () => {
  const terminal = recordingTerminal();
  const { loaded, ...running } = platform({ replaced: ["router", "small"], needsRestart: false });
  await reload(running, async () => ({ directory: "out", fresh: true }), terminal);
  expect(loaded).toEqual(["out"]);
  expect(terminal.notes).toEqual(["new code: router, small"]);
});

test("what needs a new start is said", async () => {
  const terminal = recordingTerminal();
  await reload(
    platform({ replaced: [], needsRestart: true }),
    async () => ({ directory: "out", fresh: true }),
    terminal,
  );
  expect(terminal.notes).toEqual([expect.stringMatching(/more than code has changed.*start again/)]);
});

test("a change that changes nothing is not worth a word", async () => {
  const terminal = recordingTerminal();
  const { loaded, ...running } = platform({ replaced: [], needsRestart: false });
  await reload(running, async () => ({ directory: "out", fresh: false }), terminal);
  expect({ loaded, notes: terminal.notes }).toEqual({ loaded: [], notes: [] });
});

test("code that does not build leaves the platform as it is, with the builder's words", async () => {
  const terminal = recordingTerminal();
  const { loaded, ...running } = platform({ replaced: [], needsRestart: false });
  await reload(running, () => Promise.reject(new Error('Expected ";" but found "}"')), terminal);
  expect(loaded).toEqual([]);
  expect(terminal.notes.join()).toMatch(/does not build; the code before it goes on serving\nExpected ";"/);
});
