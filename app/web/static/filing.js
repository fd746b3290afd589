// 申报书 — a file that is too large is said before it is sent, not after.
const LARGEST = 15 * 1024 * 1024;

document.addEventListener("change", ({ target }) => {
  if (target.type !== "file") return;
  const large = [...target.files].filter((file) => file.size > LARGEST);
  const note = document.getElementById(`${target.id}-large`);
  note.hidden = !large.length;
  note.querySelector("b").textContent = large.map((file) => file.name).join("、");
  if (large.length) target.value = "";
});
