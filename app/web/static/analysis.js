// 考情分析：拖动时段的边，图和数字跟着变。没有它，填好时间按“按这些时段重算”也一样。
const plot = document.getElementById("plot");
const form = document.getElementById("try");
const LOW = Number(plot.dataset.low);
const HIGH = Number(plot.dataset.high);
const DAY = 24 * 60;
const WAIT = 60; // ms, so that a hand that still moves asks once, not at every pixel

const place = (minute) => `${((minute - LOW) / (HIGH - LOW)) * 100}%`;
const two = (number) => String(number).padStart(2, "0");
const clock = (minute) => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;

let asked = 0;
let shown = 0;
let waiting;
let under = null;

function edges(index) {
  return ["start", "end"].map((name) => document.getElementById(`h-${index}-${name}`));
}

function minutesOf(index) {
  return edges(index).map((one) => Number(one.getAttribute("aria-valuenow")));
}

function spans() {
  const found = [...plot.querySelectorAll('.handle[data-edge="start"]')];
  return found.map((one) => ({
    now: minutesOf(one.dataset.index),
    was: edges(one.dataset.index).map((edge) => Number(edge.dataset.was)),
  }));
}

function colour() {
  const known = spans();
  for (const bar of plot.querySelectorAll("rect[data-at]")) {
    const middle = Number(bar.dataset.at) + 2.5;
    const held = (which) => known.some((one) => one[which][0] <= middle && middle < one[which][1]);
    const state = held("now") ? (held("was") ? "in" : "new") : "out";
    bar.setAttribute("class", `b-${state}`);
    if (state === "new") bar.setAttribute("fill", "url(#hn)");
    else bar.removeAttribute("fill");
  }
}

// What a field says of an edge: the time alone, or with its day.
function write(handle, minute) {
  const field = document.getElementById(`${handle.dataset.edge}-${handle.dataset.index}`);
  const day = field.value.slice(0, 11);
  const inside = Math.min(minute, DAY - 1);
  field.value = field.type === "text" ? clock(inside) : `${day}${clock(inside)}`;
  field.classList.toggle("changed", minute !== Number(handle.dataset.was));
}

function draw(handle, minute) {
  const { index, edge, was } = handle.dataset;
  handle.setAttribute("aria-valuenow", String(minute));
  handle.setAttribute("aria-valuetext", minute === DAY ? "24:00" : clock(minute));
  for (const line of handle.querySelectorAll("line")) {
    line.setAttribute("x1", place(minute));
    line.setAttribute("x2", place(minute));
  }
  handle.querySelector("svg").setAttribute("x", place(minute));
  const ghost = document.getElementById(`g-${index}-${edge}`);
  ghost.setAttribute("visibility", minute === Number(was) ? "hidden" : "visible");
  const [start, end] = minutesOf(index);
  const band = document.getElementById(`band-${index}`);
  band.setAttribute("x", place(start));
  band.setAttribute("width", `${((end - start) / (HIGH - LOW)) * 100}%`);
  for (const name of ["wn", "wt"]) {
    document.getElementById(`${name}-${index}`).setAttribute("x", place((start + end) / 2));
  }
  document.getElementById(`wt-${index}`).textContent =
    `${clock(start)}–${end === DAY ? "24:00" : clock(end)}`;
  colour();
}

function move(handle, minute) {
  const [start, end] = minutesOf(handle.dataset.index);
  const most = Math.min(HIGH, DAY - 1);
  const low = handle.dataset.edge === "start" ? LOW : start + 1;
  const high = handle.dataset.edge === "start" ? end - 1 : most;
  const kept = Math.max(low, Math.min(high, Math.round(minute)));
  if (kept === Number(handle.getAttribute("aria-valuenow"))) return;
  draw(handle, kept);
  write(handle, kept);
  ask(`${handle.dataset.index}-${handle.dataset.edge}`);
}

function given(moved) {
  const said = new URLSearchParams(new FormData(form));
  for (const name of ["day", "show", "on"]) if (!said.get(name)) said.delete(name);
  if (moved) said.set("moved", moved);
  return said;
}

function ask(moved) {
  clearTimeout(waiting);
  waiting = setTimeout(() => tell(moved), WAIT);
}

async function tell(moved) {
  const turn = ++asked;
  under?.abort();
  under = new AbortController();
  const said = given(moved);
  const address = `${form.action}?${said}`;
  said.set("low", String(LOW));
  said.set("high", String(HIGH));
  let answer;
  try {
    answer = await fetch(`${form.dataset.liveAt}?${said}`, { signal: under.signal });
  } catch {
    return;
  }
  const text = await answer.text();
  if (turn < shown) return;
  shown = turn;
  // Signed out meanwhile: the page says so, and keeps what was typed in its address.
  if (answer.redirected) {
    location.assign(address);
    return;
  }
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const part of fresh.querySelectorAll("[data-live]")) {
    document.getElementById(part.id)?.replaceWith(document.importNode(part, true));
  }
  history.replaceState(null, "", address);
  plot.dataset.answered = String(turn);
}

function under_pointer(event) {
  const box = plot.getBoundingClientRect();
  return LOW + ((event.clientX - box.left) / box.width) * (HIGH - LOW);
}

function listen(handle) {
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    handle.classList.add("on");
  });
  handle.addEventListener("pointermove", (event) => {
    if (handle.hasPointerCapture(event.pointerId)) move(handle, under_pointer(event));
  });
  for (const name of ["pointerup", "pointercancel"]) {
    handle.addEventListener(name, () => handle.classList.remove("on"));
  }
  handle.addEventListener("keydown", (event) => {
    const now = Number(handle.getAttribute("aria-valuenow"));
    const step = event.shiftKey ? 10 : 1;
    const to = {
      ArrowLeft: now - step, ArrowDown: now - step, ArrowRight: now + step, ArrowUp: now + step,
      PageDown: now - 10, PageUp: now + 10, Home: LOW, End: HIGH,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(handle, to);
  });
}

// A time that is typed moves its edge, where the edge is on this day.
function typed(field) {
  const [edge, index] = field.id.split("-");
  const handle = document.getElementById(`h-${index}-${edge}`);
  if (!field.value || !field.validity.valid) return;
  const [hours, minutes] = field.value.slice(-5).split(":").map(Number);
  if (hours >= 24) return;
  const minute = hours * 60 + minutes;
  const [start, end] = handle ? minutesOf(index) : [0, DAY];
  const fits = edge === "start" ? minute < end : minute > start;
  if (handle && fits && minute >= LOW && minute <= HIGH) draw(handle, minute);
  field.classList.toggle("changed", Boolean(handle) && minute !== Number(handle.dataset.was));
  ask(handle ? `${index}-${edge}` : "");
}

if (form) {
  form.classList.add("scripted");
  plot.querySelectorAll(".handle").forEach(listen);
  form.addEventListener("input", (event) => {
    if (event.target.matches(".tin")) typed(event.target);
  });
}
