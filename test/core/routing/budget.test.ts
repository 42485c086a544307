import fc from "fast-check";
import { createExtraWorkBudget } from "../../../core/routing/budget.ts";

test("extras are at most the reserve and the share of what came in, in any order", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 500 }), (isRequest) => {
      const limits = { share: 0.1, reserve: 3 };
      const budget = createExtraWorkBudget(limits);
      let requests = 0;
      let extras = 0;
      for (const request of isRequest) {
        if (request) {
          budget.deposit();
          requests++;
        } else if (budget.withdraw()) extras++;
        expect(extras).toBeLessThanOrEqual(limits.reserve + limits.share * requests + 1e-9);
      }
    }),
  );
});

test("ten requests pay for one extra, whatever a tenth is in binary", () => {
  const budget = createExtraWorkBudget({ share: 0.1, reserve: 1 });
  expect(budget.withdraw()).toBe(true);
  for (let i = 0; i < 9; i++) budget.deposit();
  expect(budget.withdraw()).toBe(false);
  budget.deposit();
  expect(budget.withdraw()).toBe(true);
});
