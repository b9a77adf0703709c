// Where the next thing is typed.

/** Takes the focus when the field comes on the screen. */
export function takeFocus(field: HTMLElement): void {
  field.focus();
}

/** Gives the focus to the field of the screen where the next thing is typed. */
export function focusHome(): void {
  document.querySelector<HTMLElement>("[data-home]")?.focus();
}
