// What goes and what comes, word by word: under a field while it is edited, and of an edit that stands.

const MOST_STEPS = 1_000_000;
const NEAR = 200; // characters of what stayed, on both sides of what changed
const LONG = 20_000; // from here on, what is compared waits for a pause in the typing
const PAUSE_MS = 200;
const words = (text) => text.match(/\s+|[^\s\p{L}\p{N}]|[\p{L}\p{N}]+/gu) ?? [];

document.addEventListener("input", (event) => {
  if (event.target.matches("form[data-verdict=edit] :is(textarea, input)")) tellSoon(event.target);
});

function tellSoon(field) {
  clearTimeout(field.pause);
  if (field.value.length < LONG) tell(field);
  else field.pause = setTimeout(() => tell(field), PAUSE_MS);
}

for (const arrival of ["htmx:after:swap", "shown", "restored"]) document.addEventListener(arrival, tellAll);

function tellAll() {
  const fields = document.querySelectorAll("form[data-verdict=edit] :is(textarea, input:not([type=hidden]))");
  for (const field of fields) if (!isSame(field) || field.parentElement.querySelector(":scope > .diff")) tell(field);
  for (const change of document.querySelectorAll(".diff[data-compare]")) refine(change);
}

function tell(field) {
  if (field.name === "note" || field.type === "checkbox") return;
  const table = field.closest(".cells-edit");
  if (table) return tellCells(table);
  const box = boxIn(field.parentElement);
  box.hidden = isSame(field);
  if (!box.hidden) box.replaceChildren(...differences(field));
}

// A cell has no room for it: what changed in a table is listed under it.
function tellCells(table) {
  const changed = [...table.querySelectorAll("textarea")].filter((cell) => !isSame(cell));
  const box = boxIn(table.parentElement);
  box.hidden = !changed.length;
  box.replaceChildren(...changed.flatMap((cell) => [`${cell.getAttribute("aria-label")}: `, ...differences(cell), "\n"]));
}

const originalOf = (field) => field.dataset.original ?? field.defaultValue;
const isSame = (field) => originalOf(field) === field.value;
const differences = (field) => compare(originalOf(field), field.value).map(asNode);

function boxIn(parent) {
  return parent.querySelector(":scope > .diff") ?? parent.appendChild(Object.assign(document.createElement("p"), { className: "diff" }));
}

function refine(change) {
  const [gone, come] = ["del", "ins"].map((kind) => change.querySelector(kind)?.textContent ?? "");
  delete change.dataset.compare;
  if (gone && come) change.replaceChildren(...compare(gone, come).map(asNode));
}

function asNode([kind, text]) {
  return kind === "same" ? document.createTextNode(text) : Object.assign(document.createElement(kind), { textContent: text });
}

// Only what lies between the parts that both have in common is split into words: that is short when one was changed.
function compare(before, after) {
  const head = startOfWord(before, commonStart(before, after));
  const tail = commonEnd(before, after, Math.min(before.length, after.length) - head);
  const [gone, come] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  const middle = between(words(gone), words(come));
  const [left, right] = [before.slice(Math.max(0, head - NEAR), head), before.slice(before.length - tail)];
  const shown = [[head > NEAR ? "…" : "", left], [right.slice(0, NEAR), tail > NEAR ? "…" : ""]].map((parts) => parts.join(""));
  return [["same", shown[0]], ...middle, ["same", shown[1]]].filter(([, text]) => text);
}

function commonStart(before, after) {
  let at = 0;
  while (at < before.length && before[at] === after[at]) at += 1;
  return at;
}

function startOfWord(text, at) {
  return at - text.slice(Math.max(0, at - NEAR), at).match(/[\p{L}\p{N}]*$/u)[0].length;
}

function endOfWord(text, at) {
  return at - text.slice(text.length - at).match(/^[\p{L}\p{N}]{0,200}/u)[0].length;
}

function commonEnd(before, after, most) {
  let at = 0;
  while (at < most && before[before.length - 1 - at] === after[after.length - 1 - at]) at += 1;
  return endOfWord(before, at);
}

function between(gone, come) {
  return gone.length * come.length > MOST_STEPS ? [["del", clip(gone.join(""))], ["ins", clip(come.join(""))]] : walk(gone, come);
}

// More than this nobody reads in a preview; the field itself holds it all.
function clip(text) {
  return text.length > LONG ? `${text.slice(0, LONG)}…` : text;
}

function walk(gone, come) {
  const width = come.length + 1;
  const common = new Uint32Array((gone.length + 1) * width);
  for (let i = gone.length - 1; i >= 0; i -= 1)
    for (let j = come.length - 1; j >= 0; j -= 1)
      common[i * width + j] = gone[i] === come[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
  const steps = [];
  const add = (kind, text) => (steps.at(-1)?.[0] === kind ? (steps.at(-1)[1] += text) : steps.push([kind, text]));
  let [i, j] = [0, 0];
  while (i < gone.length || j < come.length) {
    if (i < gone.length && j < come.length && gone[i] === come[j]) { add("same", gone[i]); i += 1; j += 1; }
    else if (j >= come.length || (i < gone.length && common[(i + 1) * width + j] >= common[i * width + j + 1])) add("del", gone[i++]);
    else add("ins", come[j++]);
  }
  return steps;
}

tellAll();
