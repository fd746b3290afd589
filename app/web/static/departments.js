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
    if (held === null || held === row) return;
    put(held, below(row) ? next(row) : row.dataset.code);
  });
}

// Whoever is dragged down past a row comes after it, and whoever is dragged up before it.
function below(row) {
  return Boolean(held.compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING);
}

function next(row) {
  const alike = [...document.querySelectorAll("tr[data-code]")].filter(
    (one) => one.dataset.parent === row.dataset.parent,
  );
  return alike[alike.indexOf(row) + 1]?.dataset.code ?? "";
}

function mark(row) {
  for (const one of document.querySelectorAll("tr.drop")) one.classList.remove("drop", "after");
  row?.classList.add("drop", ...(below(row) ? ["after"] : []));
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
