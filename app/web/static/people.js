// 批量改 — how many are chosen is said, all of a page are chosen at once, and the choices come up.
const form = document.querySelector("form[data-many]");
const all = form?.querySelector("[data-all]");
const boxes = form ? [...form.querySelectorAll("input[name=no]")] : [];

if (form) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    say();
  });
  for (const box of boxes) box.addEventListener("change", say);
  say();
}

function say() {
  const count = boxes.filter((box) => box.checked).length;
  const told = form.querySelector("[data-count]");
  told.dataset.none ??= told.textContent;
  told.textContent = count ? told.dataset.chosen.replace("{}", count) : told.dataset.none;
  form.querySelector("details").open ||= count > 0;
  all.checked = count === boxes.length;
  all.indeterminate = count > 0 && count < boxes.length;
  for (const box of boxes) box.closest("tr").classList.toggle("sel", box.checked);
}
