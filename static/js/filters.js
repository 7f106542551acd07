// A filter at hand narrows the list at once; what is left empty stays out of the address.

document.addEventListener("change", (event) => {
  if (event.target.closest(".filters [data-at-once]")) event.target.form.requestSubmit();
});

document.addEventListener("formdata", (event) => {
  if (!event.target.matches(".filters")) return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});
