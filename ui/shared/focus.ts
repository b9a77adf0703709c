// Where the next thing is typed.

/** Takes the focus when the field comes on the screen. */
export function takeFocus(field: HTMLElement): void {
  field.focus();
}

/** Gives the focus to the field where the next thing is typed: of the dialog that is open, or of the screen. */
export function focusHome(): void {
  (document.querySelector("[role=dialog]") ?? document).querySelector<HTMLElement>("[data-home]")?.focus();
}
