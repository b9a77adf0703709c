// Keys of the till. The usual ones can be changed; Escape goes one step back and never destroys anything.

export const actions = {
  help: "F1",
  search: "F2",
  customer: "F3",
  quantity: "F4",
  price: "F5",
  discount: "F6",
  park: "F7",
  recall: "F8",
  returns: "F9",
  pay: "F10",
  last: "F11",
  lock: "F12",
} as const;

export type Action = keyof typeof actions;

/** The action of a key, by what differs from the usual. */
export function actionOf(key: string, changed: Record<string, string>): Action | null {
  for (const action of Object.keys(actions) as Action[]) {
    if ((changed[action] ?? actions[action]) === key) return action;
  }
  return null;
}

export const keyOf = (action: Action, changed: Record<string, string>): string => changed[action] ?? actions[action];
