// What was done, and what went wrong: said in a corner, gone by itself. An Undo goes when its window is over.

const LINGER_S = 6;
const SAID = {
  403: "You may not do that here.",
  404: "That is not there, or not for you to see.",
};

function settle(toast) {
  if (toast.timer) return;
  const seconds = Number(toast.dataset.seconds);
  toast.timer = setTimeout(() => {
    toast.querySelector("[data-undo]")?.remove();
    setTimeout(() => toast.remove(), toast.matches(".is-bad") ? 0 : Math.max(0, LINGER_S - seconds) * 1000);
  }, seconds * 1000);
}

function complain(text) {
  const toast = document.getElementById("toast-template")?.content.firstElementChild.cloneNode(true);
  if (!toast) return;
  toast.querySelector("p").textContent = text;
  document.getElementById("toasts").replaceChildren(toast);
  settle(toast);
}

const settleAll = () => document.querySelectorAll("#toasts [data-toast]").forEach(settle);

function setOffline(isOffline) {
  const banner = document.getElementById("offline");
  if (banner) banner.hidden = !isOffline;
}

for (const arrival of ["htmx:after:swap", "told"]) document.addEventListener(arrival, settleAll);

for (const answer of ["htmx:after:request", "told"]) document.addEventListener(answer, () => setOffline(false));

function complainOf(status) {
  if (status === 409 || status === 422) return; // the answer is the page itself
  complain(SAID[status] ?? `The server could not do that (${status}). Nothing you typed is lost; try again.`);
}

document.addEventListener("htmx:response:error", (event) => complainOf(event.detail.ctx.response.status));
document.addEventListener("unsaved", (event) => (event.detail ? complainOf(event.detail) : setOffline(true)));

// Whoever undoes leaves the one they were shown meanwhile.
document.addEventListener("formdata", (event) => {
  const shown = document.querySelector(".escalation.is-mine")?.dataset.escalation;
  if (shown && event.target.matches("[data-undo]")) event.formData.set("leaving", shown);
});

// A request that got no answer: the connection is gone, or the server is.
document.addEventListener("htmx:error", (event) => {
  if (event.detail.ctx && !event.detail.ctx.response) setOffline(true);
});

window.addEventListener("offline", () => setOffline(true));
window.addEventListener("online", () => setOffline(false));

settleAll();
