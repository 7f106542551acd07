// While an output is edited, what goes and what comes is shown under the field, word by word.

const MOST_STEPS = 1_000_000;
const words = (text) => text.match(/\s+|[^\s\p{L}\p{N}]|[\p{L}\p{N}]+/gu) ?? [];

document.addEventListener("input", (event) => {
  const field = event.target;
  if (field.matches("form[data-verdict=edit] :is(textarea, input)") && !field.closest(".cells-edit")) tell(field);
});

for (const arrival of ["htmx:after:swap", "shown"]) document.addEventListener(arrival, tellAll);
tellAll();

function tellAll() {
  for (const field of document.querySelectorAll("form[data-verdict=edit] [data-original]")) tell(field);
}

function tell(field) {
  if (field.name === "note" || field.type === "checkbox") return;
  const box = field.parentElement.querySelector(".diff") ?? field.parentElement.appendChild(newBox());
  const before = field.dataset.original ?? field.defaultValue;
  box.hidden = before === field.value;
  if (!box.hidden) box.replaceChildren(...compare(words(before), words(field.value)).map(asNode));
}

function newBox() {
  return Object.assign(document.createElement("p"), { className: "diff" });
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
