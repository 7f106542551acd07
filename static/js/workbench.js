// The slider and the field say the same, and the answer comes when either rests. Without this file the form is
// sent as it is, and the one that was moved counts.

const form = document.querySelector("[data-replays]");
const slider = form?.elements.slide;
const field = form?.elements.threshold;
let asked = 0;

async function replay() {
  const mine = ++asked;
  const answer = document.getElementById("what-if-answer");
  const query = new URLSearchParams(new FormData(form));
  answer.setAttribute("aria-busy", "true");
  const response = await fetch(`?${query}`, { credentials: "same-origin" }).catch(() => null);
  if (mine !== asked) return; // A later question is under way.
  answer.removeAttribute("aria-busy");
  if (!response?.ok) return form.submit();
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  answer.replaceWith(page.getElementById("what-if-answer"));
  form.elements.was.value = field.value;
  history.replaceState(null, "", `?${query}#what-if`);
}

if (form) {
  // Three digits for a hand on a slider; who wants more writes it.
  slider.addEventListener("input", () => { field.value = String(Math.round(slider.value * 1000) / 1000); });
  slider.addEventListener("change", replay);
  field.addEventListener("change", () => { slider.value = field.value; });
  form.addEventListener("submit", (event) => { event.preventDefault(); slider.value = field.value; replay(); });
}
