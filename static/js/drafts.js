// What was typed on an escalation is kept on this machine for an hour: for this person alone, until it is decided.
// It comes back after a lost claim, a refusal, a new sign-in or a closed window. What an agent said never changes, so
// that a draft fits however often the escalation changed hands meanwhile.

const KEPT_MS = 3_600_000;
const PREFIX = "otherwise.draft.";
const TYPED = "form[data-verdict] :is(input:not([type=hidden]), textarea, select), .note-new textarea";
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

const person = document.body.dataset.person;
const mine = `${PREFIX}${person}.`;
const drafts = () => Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
const shown = () => document.getElementById("escalation");
const nameOf = (escalation) => mine + escalation.dataset.escalation;
const fieldsOf = (escalation) => [...escalation.querySelectorAll(TYPED)];
// The same name stands in several forms: each verdict has its own fields.
const placeOf = (field) => `${field.form.dataset.verdict ?? "text"} ${field.name} ${field.type === "radio" ? field.value : ""}`;
const isSwitch = (field) => field.type === "radio" || field.type === "checkbox";
const valueOf = (field) => (isSwitch(field) ? field.checked : field.value);
const chosenAtFirst = (field) => ([...field.options].find((each) => each.defaultSelected) ?? field.options[0])?.value;
const textAtFirst = (field) => field.dataset.original ?? (field.matches("select") ? chosenAtFirst(field) : field.defaultValue);
const isTyped = (field) => (isSwitch(field) ? field.checked !== field.defaultChecked : field.value !== textAtFirst(field));

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

function sweep() {
  for (const name of drafts()) {
    const isFresh = Date.now() - read(name)?.at < KEPT_MS;
    if (!name.startsWith(mine) || !isFresh) localStorage.removeItem(name);
  }
}

function keep(escalation) {
  const typed = fieldsOf(escalation).filter(isTyped).map((field) => [placeOf(field), valueOf(field)]);
  if (!typed.length) return localStorage.removeItem(nameOf(escalation));
  const draft = { at: Date.now(), typed, open: escalation.querySelector("details.verdict[open] form")?.dataset.verdict };
  try {
    localStorage.setItem(nameOf(escalation), JSON.stringify(draft));
  } catch {
    // The browser keeps nothing for us: what is typed stays on the page alone.
  }
}

function restore() {
  sweep();
  const escalation = shown();
  if (!escalation || escalation.dataset.restored) return;
  escalation.dataset.restored = "1";
  if (!["waiting", "claimed"].includes(escalation.dataset.status)) return drop(escalation);
  const draft = read(nameOf(escalation));
  if (!draft) return;
  const typed = new Map(draft.typed);
  const fields = fieldsOf(escalation).filter((field) => typed.has(placeOf(field)) && !isTyped(field));
  const hasForms = escalation.matches(".is-mine");
  if (hasForms && !fields.length) return; // the server has sent it back already
  for (const field of fields) {
    if (isSwitch(field)) field.checked = typed.get(placeOf(field));
    else field.value = typed.get(placeOf(field));
  }
  const form = draft.open && escalation.querySelector(`form[data-verdict="${draft.open}"]`);
  if (form?.parentElement.matches("details")) form.parentElement.open = true;
  say(escalation, draft, fields.length > 0);
  document.dispatchEvent(new CustomEvent("restored"));
}

function say(escalation, draft, isBack) {
  const line = document.getElementById("draft-template").content.firstElementChild.cloneNode(true);
  const time = CLOCK.format(draft.at);
  line.querySelector("span").textContent = isBack ? `What you typed at ${time} is back.` : `What you typed at ${time} is kept until you hold this again.`;
  escalation.querySelector(".panel").prepend(line);
}

function drop(escalation) {
  localStorage.removeItem(nameOf(escalation));
  escalation.querySelector(".draft")?.remove();
}

function discard(escalation) {
  drop(escalation);
  for (const form of escalation.querySelectorAll("form[data-verdict], .note-new form")) form.reset();
  document.dispatchEvent(new CustomEvent("restored"));
}

document.addEventListener("input", (event) => {
  const escalation = event.target.matches?.(TYPED) && shown();
  if (escalation) keep(escalation);
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-discard]")) discard(shown());
});

// Saved behind the page, or by the page itself.
document.addEventListener("saved", (event) => drop(event.detail));
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  const form = ctx.sourceElement;
  const escalation = ctx.response?.status < 400 && form?.closest?.("#escalation");
  if (escalation && form.matches("form[data-verdict]")) drop(escalation);
  else if (escalation && form.matches(".note-new form")) setTimeout(() => keep(escalation));
});

// Whoever signs out leaves nothing behind on a machine that others use.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[action='/logout/']")) return;
  for (const name of drafts()) localStorage.removeItem(name);
});

if (person) {
  for (const arrival of ["htmx:after:swap", "shown"]) document.addEventListener(arrival, restore);
  restore();
}
