// What changes while a page is open: the list asks for news, a claim is kept alive while it is read, times stay true.
// Nothing is asked for while the page is hidden.

const POLL_MS = 10_000;
const NEAR_END_S = 60;
const BEAT_SHARE = 5; // beats per lease
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const UNITS = [[86_400, "d"], [3600, "h"], [60, "min"]];

let readMs = 0;
let seenAt = document.hidden ? null : performance.now();

const isVisible = () => document.visibilityState === "visible";

function brief(seconds) {
  const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? [1, "s"];
  return `${Math.floor(seconds / size)} ${unit}`;
}

const STYLES = {
  ago: (seconds) => (-seconds < 10 ? "just now" : `${brief(-seconds)} ago`),
  due: (seconds) => (seconds > 0 ? `due in ${brief(seconds)}` : `${brief(-seconds)} overdue`),
  in: (seconds) => `in ${brief(Math.max(0, seconds))}`,
};

function tellTimes() {
  for (const time of document.querySelectorAll("time[data-moment]")) {
    const at = new Date(time.dateTime);
    const style = STYLES[time.dataset.moment];
    const text = style ? style((at - Date.now()) / 1000) : CLOCK.format(at);
    if (time.textContent !== text) time.textContent = text;
    time.title = EXACT.format(at);
  }
}

// --- The list

function askForNews() {
  const rows = document.querySelector("[data-poll]");
  if (rows && isVisible()) rows.dispatchEvent(new CustomEvent("news"));
}

document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  const rows = ctx.sourceElement;
  if (rows.matches?.("[data-poll]") && rows.dataset.etag) ctx.request.headers["If-None-Match"] = rows.dataset.etag;
});

document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  const etag = ctx.response?.headers.get("etag");
  if (etag && ctx.sourceElement.matches?.("[data-poll]")) ctx.sourceElement.dataset.etag = etag;
});

// --- The claim

function lease() {
  const element = document.getElementById("lease");
  if (!element?.dataset.secondsLeft) return null;
  element.leaseEnds ??= performance.now() + Number(element.dataset.secondsLeft) * 1000;
  element.nextBeat ??= performance.now() + (Number(element.dataset.secondsLeft) * 1000) / BEAT_SHARE;
  return element;
}

function keepClaim() {
  const element = lease();
  if (!element) return;
  const left = Math.max(0, Math.round((element.leaseEnds - performance.now()) / 1000));
  const text = left < NEAR_END_S ? `for ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} more` : "";
  const label = element.querySelector("[data-lease-left]");
  if (label && label.textContent !== text) label.textContent = text;
  element.classList.toggle("is-ending", left < NEAR_END_S);
  if (isVisible() && performance.now() >= element.nextBeat) {
    element.nextBeat = performance.now() + POLL_MS;
    element.dispatchEvent(new CustomEvent("beat"));
  }
}

// --- How long an escalation was looked at

function secondsRead() {
  return (readMs + (seenAt === null ? 0 : performance.now() - seenAt)) / 1000;
}

document.addEventListener("formdata", (event) => {
  if (event.target.matches("form[data-verdict]")) event.formData.set("seconds_spent", secondsRead().toFixed(1));
});

function startReading() {
  const escalation = document.getElementById("escalation")?.dataset.escalation;
  if (escalation === startReading.last) return;
  startReading.last = escalation;
  readMs = 0;
  seenAt = isVisible() ? performance.now() : null;
}

document.addEventListener("visibilitychange", () => {
  if (isVisible()) {
    seenAt = performance.now();
    askForNews();
    keepClaim();
  } else if (seenAt !== null) {
    readMs += performance.now() - seenAt;
    seenAt = null;
  }
});

function arrive() {
  startReading();
  tellTimes();
  keepClaim();
}

for (const arrival of ["htmx:after:swap", "shown"]) document.addEventListener(arrival, arrive);
arrive();
setInterval(tellTimes, 15_000);
setInterval(keepClaim, 1000);
setInterval(askForNews, POLL_MS);
