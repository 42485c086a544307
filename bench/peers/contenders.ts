/** Every server of the comparison: one folder and one line each. */
import { bentoml } from "./bentoml/contender.ts";
import type { Contender } from "./contender.ts";
import { farthing } from "./farthing/contender.ts";
import { litserve } from "./litserve/contender.ts";
import { mlserver } from "./mlserver/contender.ts";
import { rayServe } from "./ray-serve/contender.ts";

/** Whose requests a second stand above the line of the ratios; the others are its peers. */
export const SUBJECT = "farthing";

export const CONTENDERS: readonly Contender[] = [farthing, litserve, mlserver, bentoml, rayServe];
