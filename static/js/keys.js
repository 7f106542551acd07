// Every key from the table in escalation/review/keys.py. A key presses the element that carries it (`data-key`), so
// what a key does and what its button does are the same thing.

const table = document.getElementById("keys");
const { keys, are_on: areOn } = table ? JSON.parse(table.textContent) : { keys: [], are_on: false };
const known = new Set(keys.map((key) => key.press));
const CHORD_MS = 1500;
let chord = "";
let chordAt = 0;

const isTyping = (element) =>
  element?.closest("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=hidden])");
const isSeen = (element) => element.checkVisibility();
const carrierOf = (press) => [...document.querySelectorAll(`[data-key="${CSS.escape(press)}"]`)].find(isSeen);
const openForm = () => document.querySelector("details.verdict[open], details.snooze[open], details.note-new[open]");
const sheet = () => document.getElementById("shortcuts");
const palette = () => document.getElementById("palette");

// What a person has changed: the key of the table, and the one in its place.
const changes = Object.fromEntries(keys.filter(({ press, now }) => press !== now).map(({ press, now }) => [press, now]));
const nowOf = (press) => changes[press] ?? press;

function meaning(press) {
  const moved = Object.keys(changes).find((key) => changes[key] === press);
  return moved ?? (press in changes ? "" : press);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.repeat) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return send(event);
  if ((event.ctrlKey || event.metaKey) && event.key === "k") return find(event);
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return leave(event);
  if (isTyping(event.target) || palette()?.open || !areOn || (sheet()?.open && event.key !== "?")) return;
  const press = meaning(pressed(event));
  if (!known.has(press)) return;
  if (act(press, event)) event.preventDefault();
});

function pressed(event) {
  const recent = chord && event.timeStamp - chordAt < CHORD_MS;
  const press = recent ? `${chord} ${event.key}` : event.key;
  chord = !recent && event.key === "g" ? "g" : "";
  chordAt = event.timeStamp;
  if (press.toLowerCase() === "x") return event.shiftKey ? "Shift x" : "x";
  return /^[1-9]$/.test(press) ? "1-9" : press;
}

function act(press, event) {
  if (press === "j" || press === "k") return step(press === "j" ? 1 : -1);
  if (press === "/") return focusOn(document.getElementById("search"));
  if (press === "x" || press === "Shift x") return chooseRow(event.shiftKey);
  if (press === "1-9") return choose(Number(event.key));
  if (press === "?") return toggleSheet();
  if (press === ".") return openPalette();
  // Enter on a link or a button is the browser's own business.
  if (press === "Enter" && event.target.closest("a, button, summary, input")) return false;
  return push(carrierOf(press));
}

function push(element) {
  if (!element) return false;
  const form = element.matches("summary") && element.parentElement;
  // A key opens a form and goes into it; Esc shuts it.
  if (!form?.open) element.click();
  if (form?.open) {
    focusOn(form.querySelector("textarea, input:not([type=hidden]), select, form button"));
  }
  return true;
}

function step(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  const at = rows.indexOf(document.activeElement?.closest("[data-row]"));
  const row = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))];
  row?.scrollIntoView({ block: "nearest" });
  return focusOn(row?.querySelector("a"));
}

function chooseRow(shiftKey) {
  const box = document.activeElement?.closest("[data-row]")?.querySelector("input[name=chosen]");
  return Boolean(box) && (box.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey })) || true);
}

function choose(number) {
  const choice = openForm()?.querySelectorAll("input[type=radio]")[number - 1];
  if (choice) choice.checked = true;
  return focusOn(choice);
}

function focusOn(element) {
  element?.focus();
  if (element?.matches("textarea, input[type=text]")) element.setSelectionRange(element.value.length, element.value.length);
  return Boolean(element);
}

function send(event) {
  const form = event.target.closest("form[data-verdict], .note-new") ?? openForm();
  if (!form) return;
  event.preventDefault();
  (form.querySelector(".verdict-send") ?? form.querySelector(".verdict-button")).click();
}

function leave(event) {
  if (sheet()?.open || palette()?.open) return;
  const open = document.querySelector("details.verdict[open], details.snooze[open], details.note-new[open], details.menu[open]");
  if (isTyping(event.target)) event.target.blur();
  else if (open) shut(open);
  else push(carrierOf("Esc"));
}

function shut(details) {
  details.open = false;
  details.querySelector("summary").focus();
}

function toggleSheet() {
  if (sheet()?.open) sheet().close();
  else sheet()?.showModal();
  return true;
}

document.addEventListener("click", (event) => {
  if (event.target.closest('button[data-key="?"]')) return toggleSheet();
  if (event.target.closest('button[data-key="."]')) return openPalette();
  if (!event.target.closest("details.menu")) document.querySelector("details.menu[open]")?.removeAttribute("open");
  // Leaving by a link gives back what one holds, as Esc does.
  const release = document.querySelector("[data-release]");
  if (release && event.target.closest("a[data-leaves]") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    const link = event.target.closest("a[data-leaves]");
    if (new URL(link.href).pathname === "/queue/") {
      event.preventDefault();
      release.click();
    }
  }
});

// Every place that names a key names the one that works.
function tellKeys() {
  for (const carrier of document.querySelectorAll("[data-key]")) {
    const press = carrier.dataset.key;
    if (!(press in changes)) continue;
    carrier.setAttribute("aria-keyshortcuts", nowOf(press));
    const label = carrier.querySelector("kbd");
    if (label) label.textContent = /[a-z]/.test(press) ? nowOf(press).toUpperCase() : nowOf(press);
  }
}

for (const arrival of ["htmx:after:swap", "shown"]) document.addEventListener(arrival, tellKeys);
tellKeys();

// --- Actions by their names

let offered = [];

function find(event) {
  event.preventDefault();
  if (palette() && !palette().open) openPalette();
}

function openPalette() {
  offered = keys.filter(({ press }) => press !== "." && carrierOf(press)).map((key) => ({ ...key, element: carrierOf(key.press) }));
  document.getElementById("palette-search").value = "";
  palette().showModal();
  listActions("");
  return true;
}

function listActions(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = offered.filter(({ does }) => words.every((word) => does.toLowerCase().includes(word)));
  document.getElementById("palette-list").replaceChildren(...fitting.map(asItem));
}

function asItem({ press, does, element }) {
  const button = Object.assign(document.createElement("button"), { className: "menu-item", type: "button" });
  button.append(Object.assign(document.createElement("span"), { textContent: does }), Object.assign(document.createElement("kbd"), { textContent: nowOf(press) }));
  button.addEventListener("click", () => {
    palette().close();
    push(element);
  });
  const item = document.createElement("li");
  item.append(button);
  return item;
}

document.addEventListener("input", (event) => {
  if (event.target.id === "palette-search") listActions(event.target.value);
});

document.addEventListener("keydown", (event) => {
  if (!palette()?.open) return;
  const items = [document.getElementById("palette-search"), ...palette().querySelectorAll(".palette-list button")];
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Enter" && document.activeElement === items[0]) items[1]?.click();
  else if (by) items[Math.min(items.length - 1, Math.max(0, items.indexOf(document.activeElement) + by))].focus();
  else return;
  event.preventDefault();
});
