// Rows of departments are dragged to their place; the buttons beside them do the same by keyboard.
let held = null;

for (const row of document.querySelectorAll("tr[data-code]")) {
  row.draggable = true;
  row.addEventListener("dragstart", (event) => {
    held = row;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", row.dataset.code);
  });
  row.addEventListener("dragend", () => {
    held = null;
    mark(null);
  });
  row.addEventListener("dragover", (event) => {
    if (held === null || held === row || held.dataset.parent !== row.dataset.parent) return;
    event.preventDefault();
    mark(row);
  });
  row.addEventListener("drop", (event) => {
    event.preventDefault();
    if (held !== null && held !== row) put(held, row.dataset.code);
  });
}

function mark(row) {
  for (const one of document.querySelectorAll("tr.drop")) one.classList.remove("drop");
  row?.classList.add("drop");
}

function put(row, before) {
  const form = row.querySelector("form[action$='/place']");
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "before";
  field.value = before;
  form.append(field);
  form.submit();
}
