/** Budgets in kB (1000 bytes), minified; docs/adr/0005-bundle-budgets.md has the reasons. */
const budgets: Readonly<Record<string, number>> = {
  'generate-key': 270,
  'update-key': 270,
  'regenerate-key': 270,
  'delete-key': 270,
  'provision-admin-key': 270,
  'settle-due': 270,
  'rotate-due-keys': 270,
  'email-key-change': 270,
};
const otherBudget = 245;

export const budgetOf = (operation: string): number => budgets[operation] ?? otherBudget;
