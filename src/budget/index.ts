export { type Budget, type BudgetUse, createBudget, type LayerCache } from "./budget.ts";
export { ImageUses } from "./uses.ts";
