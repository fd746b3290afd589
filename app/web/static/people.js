// 批量改 — how many are chosen is said, all of a page, or all that were found, are chosen at once.
const form = document.querySelector("form[data-many]");
const all = form?.querySelector("[data-all]");
const boxes = form ? [...form.querySelectorAll("input[name=no]")] : [];
const offer = form?.querySelector("[data-whole]");
const whole = offer?.querySelector("input");

if (form) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    if (whole) whole.checked &&= all.checked;
    say();
  });
  for (const box of boxes) {
    box.addEventListener("change", () => {
      if (whole) whole.checked &&= box.checked;
      say();
    });
  }
  whole?.addEventListener("change", () => {
    for (const box of boxes) box.checked = whole.checked;
    say();
  });
  say();
}

function say() {
  const count = boxes.filter((box) => box.checked).length;
  const told = form.querySelector("[data-count]");
  told.dataset.none ??= told.textContent;
  const said = whole?.checked ? told.dataset.found : count;
  told.textContent = count ? told.dataset.chosen.replace("{}", said) : told.dataset.none;
  form.querySelector("details").open ||= count > 0;
  all.checked = count === boxes.length;
  all.indeterminate = count > 0 && count < boxes.length;
  if (offer) offer.hidden = !all.checked;
  for (const box of boxes) box.closest("tr").classList.toggle("sel", box.checked);
}
