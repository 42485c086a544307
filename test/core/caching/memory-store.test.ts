import { systemClock } from "../../../adapters/system-clock.ts";
import { createMemoryStore } from "../../../core/caching/memory-store.ts";
import { answerStoreSuite } from "../../contract/answer-store.suite.ts";

const store = createMemoryStore(systemClock);
answerStoreSuite(() => ({ open: () => store, flush: async () => store.clear() }));
