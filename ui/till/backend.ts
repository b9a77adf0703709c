// The one place that talks to the till.

import { listen } from "@tauri-apps/api/event";
import { type Approval, type CustomerScreen, type Fault, type Topic, commands } from "./bindings";

export { commands };
export type * from "./bindings";

/** What a command was refused with. A failure of the window itself comes as text. */
export function faultOf(error: unknown): Fault {
  if (typeof error === "object" && error !== null && "code" in error) return error as Fault;
  return { code: "window.failed", message: String(error), field: null, values: {} };
}

export const onChanged = (hear: (topics: Topic[]) => void) => listen<{ topics: Topic[] }>("changed", (event) => hear(event.payload.topics));
export const onDisplay = (hear: (screen: CustomerScreen) => void) => listen<CustomerScreen>("display", (event) => hear(event.payload));
export const onQuitWished = (hear: () => void) => listen("quit_wished", hear);
export const onStartedAgain = (hear: () => void) => listen("started_again", hear);

/** Refusals that a second person's PIN can lift. */
export function needsApproval(fault: Fault): boolean {
  return ["approval.missing", "approval.lacks_right", "approval.own_act", "stock.beyond_rights"].includes(fault.code);
}

export type Approved<T> = (approval: Approval | null) => Promise<T>;
