// Many rows are chosen one by one, as a range with Shift, or all that are shown; the bar at the foot counts them.

let last = null;

const boxes = () => [...document.querySelectorAll("input[name=chosen]:enabled")].filter((box) => box.type === "checkbox");

function count() {
  const all = boxes();
  const chosen = all.filter((box) => box.checked).length;
  const label = document.querySelector("[data-chosen]");
  if (label) label.textContent = `${chosen} chosen`;
  const every = document.querySelector("[data-choose-all]");
  if (!every) return;
  every.checked = chosen > 0 && chosen === all.length;
  every.indeterminate = chosen > 0 && chosen < all.length;
}

document.addEventListener("click", (event) => {
  if (!event.target.matches?.(".row-choose input")) return;
  const box = event.target;
  const all = boxes();
  const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((one, other) => one - other);
  if (event.shiftKey && from >= 0) for (const each of all.slice(from, to + 1)) each.checked = box.checked;
  last = box;
  count();
});

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-choose-all]")) return;
  for (const box of boxes()) box.checked = event.target.checked;
  count();
});

document.addEventListener("reset", (event) => {
  if (event.target.id === "bulk") setTimeout(() => {
    for (const box of boxes()) box.checked = false;
    count();
  });
});

document.addEventListener("htmx:after:swap", count);
count();

// Deciding all that failed alike takes a while: how many are left is asked for meanwhile.
document.addEventListener("submit", (event) => {
  const lead = event.target.querySelector?.("[data-alike]:checked");
  if (!lead) return;
  const [bar, done] = event.target.querySelectorAll(".bulk-progress progress, [data-done]");
  bar.max = Number(lead.dataset.number);
  bar.value = 0;
  bar.hidden = false;
  const timer = setInterval(async () => {
    if (!bar.isConnected) return clearInterval(timer);
    const answer = await fetch(lead.dataset.alike).catch(() => null);
    if (!answer?.ok) return;
    bar.value = Math.max(0, bar.max - Number(await answer.text()));
    done.textContent = `${bar.value} of ${bar.max}`;
  }, 400);
}, true);
