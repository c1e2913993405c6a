// The inputs of the form that changes a user, made for the fields in use.

import { send } from "./api.js";
import { element } from "./dom.js";

const loading = send("GET", "/fields").then(({ fields }) => fields);

/** The fields of a user, with their types and rules. */
export const loadFields = () => loading;

/** An input for a field. Left empty, the field stays unchanged. */
export function inputOf({ name, type, options, maxChars, min, max, decimals }) {
  const common = { name, autocomplete: "off" };
  switch (type) {
    case "boolean":
      return select(common, ["true", "false"]);
    case "choice":
      return options ? select(common, options) : element("input", common);
    case "choices":
      return options ? several(common, options) : element("input", { ...common, placeholder: "separated by semicolons" });
    case "number":
      return element("input", { ...common, type: "number", step: decimals === undefined ? "any" : String(10 ** -decimals),
        ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) });
    case "date":
      return element("input", { ...common, type: "date" });
    case "datetime":
      return element("input", { ...common, type: "datetime-local", step: "1", title: "in the time zone of this browser" });
    case "email":
      return element("input", { ...common, inputMode: "email", maxLength: 254, spellcheck: false });
    default:
      return element("input", { ...common, ...(maxChars ? { maxLength: maxChars } : {}) });
  }
}

function select(properties, options) {
  const choices = ["", ...options].map((option) => element("option", { value: option }, option || "unchanged"));
  return element("select", properties, ...choices);
}

function several(properties, options) {
  const choices = options.map((option) => element("option", { value: option }, option));
  return element("select", { ...properties, multiple: true, size: Math.min(options.length, 4) }, ...choices);
}

/** The value that an input gives its field; undefined if it is empty. */
export function valueOf({ type, options }, input) {
  if (type === "choices" && options) {
    const chosen = [...input.selectedOptions].map((option) => option.value);
    return chosen.length ? chosen : undefined;
  }
  const text = input.value;
  if (text === "") return undefined;
  switch (type) {
    case "boolean": return text === "true";
    case "number": return Number(text);
    case "datetime": return new Date(text).toISOString();
    case "choices": return text.split(";").map((option) => option.trim()).filter((option) => option);
    default: return text;
  }
}

/** A value as text. */
export function textOf(value) {
  if (value === null || value === undefined) return "–";
  return Array.isArray(value) ? value.join(", ") : String(value);
}
