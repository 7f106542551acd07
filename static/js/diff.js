// What goes and what comes, word by word: under a field while it is edited, and of an edit that stands.

const MOST_STEPS = 1_000_000;
const words = (text) => text.match(/\s+|[^\s\p{L}\p{N}]|[\p{L}\p{N}]+/gu) ?? [];

document.addEventListener("input", (event) => {
  if (event.target.matches("form[data-verdict=edit] :is(textarea, input)")) tell(event.target);
});

for (const arrival of ["htmx:after:swap", "shown", "restored"]) document.addEventListener(arrival, tellAll);
tellAll();

function tellAll() {
  for (const field of document.querySelectorAll("form[data-verdict=edit] [data-original]")) tell(field);
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
const differences = (field) => compare(words(originalOf(field)), words(field.value)).map(asNode);

function boxIn(parent) {
  return parent.querySelector(":scope > .diff") ?? parent.appendChild(Object.assign(document.createElement("p"), { className: "diff" }));
}

function refine(change) {
  const [gone, come] = ["del", "ins"].map((kind) => change.querySelector(kind)?.textContent ?? "");
  delete change.dataset.compare;
  if (gone && come) change.replaceChildren(...compare(words(gone), words(come)).map(asNode));
}

function asNode([kind, text]) {
  return kind === "same" ? document.createTextNode(text) : Object.assign(document.createElement(kind), { textContent: text });
}

// The parts that both have in common first: what is left is short when one word was changed.
function compare(before, after) {
  let head = 0;
  while (head < before.length && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(before.length, after.length) - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const [gone, come] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  const middle = gone.length * come.length > MOST_STEPS ? [["del", gone.join("")], ["ins", come.join("")]] : walk(gone, come);
  return [["same", before.slice(0, head).join("")], ...middle, ["same", tail ? before.slice(-tail).join("") : ""]].filter(([, text]) => text);
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
