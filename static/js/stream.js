// One key decides and shows the next: it was claimed while this one was read, and what was decided is saved behind it.
// What the server refuses comes back with what was typed; the ones that were shown meanwhile wait with theirs.

const STALE_MS = 100_000; // a little before a claim ahead lapses
const HEADERS = { "HX-Request": "true" };

const main = document.getElementById("main");
let ready = []; // the next ones: {article, title}, the nearest first
let readyAt = 0;
let asking = null;
let isMoving = false;
let saves = 0;
let told = 0; // the newest save that was told of: the answer to an older one does not take its place
const shown = new WeakSet(); // what somebody may have typed into

const mine = () => main.querySelector(".escalation.is-mine");
const send = (address, body) => fetch(address, { method: "POST", headers: HEADERS, body, keepalive: true });

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches(".is-mine form[data-moves-on]") || !(ready.length || asking)) return;
  event.preventDefault();
  event.stopPropagation();
  if (!isMoving) moveOn(form, event.submitter);
}, true);

async function moveOn(form, submitter) {
  const body = new FormData(form, submitter);
  if (!ready.length) {
    isMoving = true;
    await asking;
    isMoving = false;
    if (!ready.length) return form.requestSubmit(submitter); // nothing comes after it: the ordinary way
  }
  const left = { article: mine(), title: document.title };
  shown.add(left.article);
  body.set("behind", "1");
  show(ready.shift());
  const asked = askAhead();
  // What is given back before the next one is claimed would be the next one.
  if (form.dataset.movesOn === "first") await asked;
  save(form.getAttribute("action"), body, left);
}

function show({ article, title }) {
  const wasOpen = shown.has(article) || article.querySelector(".refused, .field-error");
  shown.add(article);
  main.replaceChildren(article);
  document.title = title;
  if (history.state?.htmx !== true) history.replaceState({ htmx: true }, "");
  history.pushState({ htmx: true }, "", article.dataset.address);
  window.htmx.process(article);
  window.scrollTo(0, 0);
  const field = article.querySelector(".verdict[open] :is(textarea, select, input:not([type=hidden]))");
  (wasOpen && field || article.querySelector("h1")).focus({ preventScroll: true });
  main.dispatchEvent(new CustomEvent("shown", { bubbles: true }));
}

async function save(address, body, left) {
  const number = ++saves;
  const answer = await send(address, body).catch(() => null);
  const login = answer?.headers.get("HX-Redirect");
  if (login) return window.location.assign(login);
  if (answer?.ok) {
    if (address.endsWith("/decision/")) document.dispatchEvent(new CustomEvent("saved", { detail: left.article }));
    return tell(parse(await answer.text()), number);
  }
  const page = answer && [409, 422].includes(answer.status) ? parse(await answer.text()) : null;
  comeBack(page?.article ? page : left);
  document.dispatchEvent(new CustomEvent("unsaved", { detail: answer?.status }));
}

function comeBack(page) {
  const meanwhile = main.querySelector(".escalation");
  if (meanwhile) ready.unshift({ article: meanwhile, title: document.title });
  show(page);
}

function tell({ toasts }, number) {
  if (!toasts || number < told) return;
  told = number;
  const corner = document.getElementById("toasts");
  corner.replaceChildren(...toasts.childNodes);
  window.htmx.process(corner);
  corner.dispatchEvent(new CustomEvent("told", { bubbles: true }));
}

function parse(text) {
  const { content } = Object.assign(document.createElement("template"), { innerHTML: text });
  const found = (selector) => content.querySelector(selector);
  return { article: found(".escalation"), title: found("title")?.textContent ?? "", toasts: found("#toasts") };
}

function askAhead() {
  const form = mine()?.querySelector("form[data-verdict]");
  if (!form || asking || ready.length) return asking;
  const body = new FormData();
  for (const { name, value } of form.querySelectorAll("input[name=csrfmiddlewaretoken], input[data-stream]")) body.set(name, value);
  asking = send(mine().dataset.ahead, body).then(keep).catch(() => {}).finally(() => { asking = null; });
  return asking;
}

async function keep(answer) {
  const text = await answer.text();
  if (answer.status === 409) return loseLease(text);
  const page = parse(answer.status === 200 ? text : "");
  if (!page.article?.matches(".is-mine")) return;
  ready.push(page);
  readyAt = performance.now();
  if (!mine()) giveBack();
}

function loseLease(text) {
  const { content } = Object.assign(document.createElement("template"), { innerHTML: text });
  document.getElementById("lease")?.replaceWith(content);
}

// Whoever leaves the stream gives back what was claimed for them.
function giveBack() {
  for (const { article } of ready.splice(0)) {
    const form = article.querySelector("[data-release]")?.form;
    if (!form) continue;
    const body = new FormData(form);
    body.set("behind", "1");
    send(form.getAttribute("action"), body).catch(() => {});
  }
}

// What is being claimed ahead has come before the stream is left: it is given back with the rest.
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (!asking || !form.querySelector("[data-release]")) return;
  event.preventDefault();
  event.stopPropagation();
  asking.then(() => form.requestSubmit(submitter));
}, true);

function arrive() {
  if (mine()) askAhead();
  else giveBack();
}

for (const arrival of ["htmx:after:swap", "shown"]) document.addEventListener(arrival, arrive);
window.addEventListener("pagehide", giveBack);
setInterval(() => {
  if (document.hidden || !ready.length || performance.now() - readyAt < STALE_MS) return;
  ready = ready.filter(({ article }) => article.querySelector(".verdict[open]"));
  askAhead();
}, 10_000);
arrive();
