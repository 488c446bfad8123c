// What HTML alone cannot do, and htmx does not. Every page works without this file.
"use strict";

const $ = (id) => document.getElementById(id);

// --- the frame ------------------------------------------------------------------------------

// "/" goes to the search, as in most dense tools; Escape closes what is open.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    document.querySelector("[data-search]")?.focus();
  }
  if (event.key === "Escape") {
    closeResults(event);
    if ($("menu")?.classList.contains("open")) {
      showMenu(false);
    }
    closeDropdowns(null, true);
  }
});

// Arrows walk what a search found: from its field down the links or rows, and back.
document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.("[data-results]");
  const inField = event.target.matches?.("input[type=search]");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? (event.key === "Enter" && inField
    && box?.matches("dialog") ? 1 : 0);
  if (!box || !step) {
    return;
  }
  const stops = [...box.querySelectorAll("input[type=search], .hits a, .lookup-row")];
  const here = stops.indexOf(event.target);
  if (here >= 0) {
    event.preventDefault();
    stops[(here + step + stops.length) % stops.length].focus();
  }
});

// Escape puts what the top bar found away; the field keeps its text and gets the focus.
function closeResults(event) {
  const panel = event.target.closest?.(".search")?.querySelector(".search-panel");
  if (panel?.hasChildNodes()) {
    event.preventDefault();
    panel.replaceChildren();
    document.querySelector("[data-search]").focus();
  }
}

function showMenu(open) {
  $("menu").classList.toggle("open", open);
  for (const button of document.querySelectorAll("[data-toggle-menu]")) {
    button.setAttribute("aria-expanded", String(open));
  }
  const first = open ? $("menu").querySelector("[aria-current], li a") : null;
  (first ?? document.querySelector(".topbar [data-toggle-menu]")).focus();
}

function closeDropdowns(except, focus = false) {
  for (const open of document.querySelectorAll("[data-dropdown][open]")) {
    if (open !== except) {
      open.open = false;
      if (focus) {
        open.querySelector("summary").focus();
      }
    }
  }
}

// The theme is kept in a cookie, so that the next page comes in it.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-theme-form]") || !event.submitter) {
    return;
  }
  event.preventDefault();
  const theme = event.submitter.value;
  const secure = location.protocol === "https:" ? "; secure" : "";
  const age = theme ? 31536000 : 0;
  document.cookie = `tema=${theme}; path=/; max-age=${age}; samesite=lax${secure}`;
  window.dispatchEvent(new Event("pontual:theme"));
  for (const button of document.querySelectorAll("[data-theme-form] button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
});

// --- clicks ---------------------------------------------------------------------------------

const onClick = {
  "data-toggle-menu": () => showMenu(!$("menu").classList.contains("open")),
  "data-insert": insertAtCursor,
  "data-pick": pick,
  "data-open-dialog": (button) => $(button.dataset.openDialog)?.showModal(),
  "data-close-dialog": (button) => button.closest("dialog").close(),
  "data-dismiss": (button) => button.closest(".alert").remove(),
  "data-copy": copy,
};

document.addEventListener("click", (event) => {
  closeDropdowns(event.target.closest("[data-dropdown]"));
  for (const [name, act] of Object.entries(onClick)) {
    const element = event.target.closest(`[${name}]`);
    if (element) {
      act(element);
    }
  }
});

// A variable's button inserts its name at the cursor of one of the fields of data-insert-into.
let lastField = null;
document.addEventListener("focusin", (event) => {
  if (event.target.matches("textarea, input[type=text]")) {
    lastField = event.target;
  }
  if (event.target.matches("[data-select]")) {
    event.target.select();
  }
});

function insertAtCursor(button) {
  const fields = button.dataset.insertInto.split(" ").map($);
  const field = fields.includes(lastField) ? lastField : fields.at(-1);
  field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

// A number's button puts it on the clipboard and says so; without a clipboard it is only selected.
async function copy(button) {
  const source = $(button.dataset.copy);
  window.getSelection().selectAllChildren(source);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = "Copiado";
  } catch {
    button.textContent = "Selecionado: copie com Ctrl+C";
  }
}

// A lookup's row puts its value into the form and closes the dialog.
function pick(row) {
  const field = $(row.dataset.pickInto);
  const shown = $(`${row.dataset.pickInto}-texto`);
  field.value = row.dataset.pick;
  if (shown) {
    shown.value = row.dataset.pickText;
  }
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
  row.closest("dialog")?.close();
  (shown ?? field).focus();
}

// --- forms ----------------------------------------------------------------------------------

// What hurts asks first; a second click while the first is under way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  const repeated = form.dataset.sent && Date.now() - Number(form.dataset.sent) < 2000;
  if ((form.method === "post" && repeated) || (question && !window.confirm(question))) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  if (!form.matches("[data-theme-form]")) {
    form.dataset.sent = String(Date.now());
  }
}, true);
window.addEventListener("pageshow", () => unsend(document));

function unsend(root) {
  for (const form of root.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
  }
}

// Leaving a changed form asks first. A form that came back with errors counts as changed.
let changed = null;
document.addEventListener("input", (event) => {
  if (!event.target.closest("[data-unguarded]")) {
    changed = event.target.closest("form[data-guard]") ?? changed;
  }
});
window.addEventListener("beforeunload", (event) => {
  if (changed?.isConnected && !changed.dataset.sent) {
    event.preventDefault();
  }
});

// Port 587 goes with TLS, 465 with SSL: suggest it, and say so when they do not match.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-port-security]");
  if (!form) {
    return;
  }
  const port = form.querySelector("[name=port]");
  const security = form.querySelector("[name=security]");
  const fitting = { 587: "starttls", 465: "ssl" }[port.value];
  if (event.target === port && fitting) {
    security.value = fitting;
  }
  const warning = form.querySelector("[data-port-warning]");
  if (warning) {
    warning.hidden = !fitting || fitting === security.value;
  }
});

// Check or clear every row of a table at once.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-check-all]")) {
    const table = event.target.closest("table");
    for (const box of table.querySelectorAll("tbody input[type=checkbox]")) {
      box.checked = event.target.checked;
    }
  }
});

// --- htmx -----------------------------------------------------------------------------------

// New content: bars get their width (a style attribute would break the CSP), errors get the focus.
function settle(root) {
  for (const bar of within(root, "[data-width]")) {
    bar.style.width = `${bar.dataset.width}%`;
  }
  for (const button of within(root, "[data-copy]")) {
    button.hidden = false;
  }
  within(root, "[data-focus]")[0]?.focus();
  if (within(root, ".error-summary").length) {
    const form = root.closest?.("form[data-guard]") ?? within(root, "form[data-guard]")[0];
    changed = form ?? changed;
  }
}

function within(root, selector) {
  const found = [...(root.querySelectorAll?.(selector) ?? [])];
  return root.matches?.(selector) ? [root, ...found] : found;
}

document.addEventListener("DOMContentLoaded", () => settle(document));
document.addEventListener("htmx:after:settle", (event) => {
  event.detail.newContent.forEach(settle);
  if (event.target.id === "alertas") {
    showInDialog();
  }
});
document.addEventListener("htmx:finally:request", (event) => {
  if (!event.detail.ctx.hx?.redirect) {  // on its way to another page: still sent
    unsend(document);
  }
});

// A form of another page, opened in place: its links lead where they always do.
document.addEventListener("htmx:before:init", (event) => {
  if (event.target.matches("a[href]:not([hx-get])") && event.target.closest("[data-in-place]")) {
    event.preventDefault();
  }
});

// The portal sends its errors to #alertas itself. What did not come from the portal (a proxy's
// page, no answer at all) must not land where a table was.
document.addEventListener("htmx:before:swap", (event) => {
  const { response } = event.detail.ctx;
  if (response?.status >= 400 && !response.headers.has("X-Request-Id")) {
    event.preventDefault();
    alertPerson(`O servidor respondeu ${response.status}. Espere um pouco e repita.`);
  }
});
document.addEventListener("htmx:error", (event) => {
  if (event.detail.ctx) {
    alertPerson("O portal não respondeu. Confira a conexão e repita.");
  }
});

function alertPerson(text) {
  const alert = document.createElement("div");
  alert.className = "alert alert-danger";
  alert.setAttribute("role", "alert");
  alert.textContent = text;
  $("alertas").replaceChildren(alert);
  showInDialog();
}

// A modal dialog covers the page: its reader gets the alert inside it.
function showInDialog() {
  const alert = $("alertas").firstElementChild;
  const dialog = document.querySelector("dialog[open]");
  if (alert && dialog) {
    dialog.querySelector(":scope > .alert[role=alert]")?.remove();
    dialog.prepend(alert.cloneNode(true));
  }
}
