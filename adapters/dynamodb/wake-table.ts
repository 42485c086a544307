/** Wake-ups in the table of jobs: `{ pk: "wake#<component>", sk: "state", revision: <number>, state: <JSON>, ttl: <seconds> }` */
import { NEW_WAKE_STATE, type WakeState, type WakeStore } from "../../core/routing/wake/wake-state.ts";
import { atRevision, keyOf, type Table, textOf } from "./table.ts";

const STATE = "state";
/** How long a model that nobody asks for is remembered. */
const KEPT_SECONDS = 90 * 86_400;

const partitionOf = (component: string): string => `wake#${component}`;

/** `nowMillis`: for the item's own end; nothing else depends on it. */
export function wakeStoreOn(table: Pick<Table, "get" | "put">, nowMillis: () => number): WakeStore {
  return {
    async read(component) {
      const item = await table.get(partitionOf(component), STATE);
      const text = item && textOf(item, STATE);
      return text === undefined ? NEW_WAKE_STATE : (JSON.parse(text) as WakeState);
    },
    write(component, state) {
      const item = {
        ...keyOf(partitionOf(component), STATE),
        revision: { N: String(state.revision) },
        state: { S: JSON.stringify(state) },
        ttl: { N: String(Math.floor(nowMillis() / 1000) + KEPT_SECONDS) },
      };
      return table.put(item, atRevision(state.revision - 1));
    },
  };
}
