// 留住 — what was typed into a form of the console outlives a session that ended meanwhile.
//
// A form that is sent is put aside in this tab. Where the answer is the way in again, it is kept
// for half an hour, and filled in when its page is next opened; until then every page of the
// console leads there. Any other answer forgets it.
const ASIDE = "kejiao.aside";
const KEPT = "kejiao.kept";
const LIFE_MS = 30 * 60 * 1000;
const SECRET = new Set(["hidden", "password", "file", "submit", "button"]);

const over = document.querySelector("[data-over]");
const aside = sessionStorage.getItem(ASIDE);
if (over && aside) {
  sessionStorage.setItem(KEPT, aside);
  say();
}
sessionStorage.removeItem(ASIDE);

const told = over ? null : JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
const form = told && [...document.forms].find((one) => key(one) === told.form);
if (told && Date.now() - told.at >= LIFE_MS) {
  sessionStorage.removeItem(KEPT);
} else if (form) {
  sessionStorage.removeItem(KEPT);
  fill(form, told.typed);
} else if (told?.page) {
  lead(told.page);
}

document.addEventListener("submit", (event) => {
  const typed = fields(event.target).map((one) => [one.name, one.type, one.value, one.checked]);
  if (!typed.length) return;
  const page = document.getElementById("kept-at")?.dataset.page;
  const put = { form: key(event.target), page, at: Date.now(), typed };
  sessionStorage.setItem(ASIDE, JSON.stringify(put));
});

function key(one) {
  return `${location.pathname} ${one.method} ${new URL(one.action).pathname}`;
}

function fields(one) {
  return [...one.elements].filter(
    (field) => field.name && !SECRET.has(field.type) && !("secret" in field.dataset),
  );
}

function fill(one, typed) {
  for (const [name, type, value, checked] of typed) {
    const same = fields(one).filter((field) => field.name === name && field.type === type);
    if (type === "radio" || type === "checkbox") {
      for (const field of same) if (field.value === value) field.checked = checked;
    } else if (same.length === 1) {
      same[0].value = value;
    }
  }
  say();
}

function lead(page) {
  const note = document.getElementById("kept-at");
  if (!note) return;
  note.querySelector("a").href = page;
  note.hidden = false;
}

function say() {
  const note = document.getElementById("kept");
  if (note) note.hidden = false;
}
