// 登录页：看着二维码，手机点对了就进去，过时就换新。没有它，按“我已经点了”也一样。
const place = document.getElementById("picture");
const EVERY = 2000;
// A page left open does not ask for pictures for ever.
const PICTURES = 15;
let taken = 0;
let left = 0;

function show(state) {
  const said = place.querySelector(".left");
  if (said) said.textContent = String(left);
  place.querySelector(".js").hidden = state === "seen";
  const seen = place.querySelector(".seen");
  if (seen) seen.hidden = state !== "seen";
}

async function renew() {
  if (taken >= PICTURES) {
    place.querySelector(".js").textContent = place.dataset.stopped;
    return false;
  }
  taken += 1;
  const answer = await fetch(place.dataset.picture, { cache: "no-store" });
  if (answer.status !== 200) return false;
  place.innerHTML = await answer.text();
  const fresh = place.querySelector("[data-left]");
  if (fresh) {
    left = Number(fresh.dataset.left);
    show("waiting");
  }
  return Boolean(place.querySelector("svg"));
}

async function look() {
  const answer = await fetch(place.dataset.scan, { cache: "no-store" });
  if (!answer.ok) return true;
  const standing = await answer.json();
  left = standing.left;
  if (standing.state === "confirmed") {
    document.getElementById("scanned").submit();
    return false;
  }
  if (standing.state === "over") return renew();
  show(standing.state);
  return true;
}

async function watch() {
  let on = true;
  if (!document.hidden) {
    try {
      on = await look();
    } catch {
      on = true; // the network is away for a moment
    }
  }
  if (on) setTimeout(watch, EVERY);
}

if (place && place.querySelector("svg")) {
  left = Number(place.querySelector("[data-left]").dataset.left);
  show("waiting");
  setInterval(() => {
    left = Math.max(0, left - 1);
    const said = place.querySelector(".left");
    if (said) said.textContent = String(left);
  }, 1000);
  setTimeout(watch, EVERY);
}
