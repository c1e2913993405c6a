// Asks the operator to confirm an action.

import { byId, setText } from "./dom.js";

/** Shows what will happen, and resolves to whether the operator wants it. */
export function confirm(title, text) {
  const dialog = byId("confirm");
  setText(byId("confirm-title"), title);
  setText(byId("confirm-text"), text);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
