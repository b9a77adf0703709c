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

/** Keys that may be given to an action: function keys. Nothing that is typed or scanned. */
export const isFree = (event: KeyboardEvent): boolean => /^F([1-9]|1[0-9])$/.test(event.key) && !event.ctrlKey && !event.altKey && !event.metaKey;

/** The mapping with another key for an action: whoever had the key gets the other's. Only what differs from the usual is kept. */
export function withKey(action: Action, key: string, changed: Record<string, string>): Record<string, string> {
  const before = keyOf(action, changed);
  const all = Object.keys(actions) as Action[];
  const next = Object.fromEntries(all.map((one) => [one, one === action ? key : keyOf(one, changed) === key ? before : keyOf(one, changed)]));
  return Object.fromEntries(Object.entries(next).filter(([one, of]) => actions[one as Action] !== of));
}

export const keyOf = (action: Action, changed: Record<string, string>): string => changed[action] ?? actions[action];
