// 手机 — the phone page: shows what /_sim/phone tells once a second, and does what is tapped.
// What people read stands in the template; nothing here is ever parsed as markup.

const at = (id) => document.getElementById(id);
const words = at("words-of-page").dataset;
const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");
const params = new URLSearchParams(location.search);

let openid = params.get("openid") || "";
let appid = params.get("appid") || "";
let version = "";
let state = null;
let asking = false;
const shown = {};

// ------------------------------------------------------------------ asking

class LostError extends Error {}

async function call(method, path, body) {
  const options = { method, headers: { "Content-Type": "application/json" } };
  if (body !== undefined) options.body = JSON.stringify(body);
  const answer = await fetch(path, options).catch(() => { throw new LostError(words.lost); });
  const said = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(said.errmsg ? `${said.errcode} ${said.errmsg}` : said.error || answer.status);
  return said;
}

async function look() {
  if (asking) return;
  asking = true;
  try {
    const query = new URLSearchParams({ version });
    if (openid) query.set("openid", openid);
    if (appid) query.set("appid", appid);
    const told = await call("GET", `/_sim/phone?${query}`);
    if (at("trouble").dataset.lost) complain("");
    if (told) show(told);
  } catch (error) {
    if (!(error instanceof LostError)) throw error;
    complain(error.message);
    at("trouble").dataset.lost = "1";
  } finally {
    asking = false;
  }
}

function complain(text) {
  at("trouble").textContent = text;
  delete at("trouble").dataset.lost;
}

async function act(path, body) {
  complain("");
  const doing = call("POST", path, body);
  // The person's own words show at once; the answer may take fifteen seconds.
  setTimeout(look, 60);
  try {
    return await doing;
  } catch (error) {
    complain(String(error.message));
    return null;
  } finally {
    await look();
  }
}

const doing = (what, body = {}) => act(`/_sim/users/${encodeURIComponent(openid)}/${what}`, body);

// ------------------------------------------------------------------ showing

function make(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...inside.filter((one) => one !== null && one !== undefined));
  return made;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "ic");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

// Redraw a part only where it changed, so that focus and scrolling stay.
function part(id, told, draw) {
  const now = JSON.stringify(told);
  if (shown[id] === now) return;
  shown[id] = now;
  const held = document.activeElement?.dataset?.key;
  at(id).replaceChildren(...draw(told));
  if (held) at(id).querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus();
}

function show(told) {
  state = told;
  version = told.version;
  if (told.user) openid = told.user.openid;
  if (told.account) appid = told.account.appid;
  remember();
  at("now").textContent = told.now;
  at("desk").classList.toggle("bare", !told.account);
  at("empty").hidden = Boolean(told.account);
  const name = told.user ? told.user.name : "";
  const mini = told.account?.kind === "mini";
  const follows = Boolean(told.user?.subscribed);
  part("accounts", [told.accounts, appid], ([list]) => list.map((one) => choice("account", one.appid, one, appid)));
  part("users", [told.users, openid], ([list]) => list.map((one) => choice("user", one.openid, one, openid)));
  at("title").textContent = told.account ? told.account.name : "";
  at("p3").textContent = fill(words.do, { name });
  at("words").placeholder = fill(words.say, { name });
  at("follow").hidden = mini || follows || !told.user;
  at("mini").hidden = !mini;
  at("minipage").href = opened(`${location.origin}/mini/${encodeURIComponent(appid)}`);
  at("say").hidden = mini || !follows;
  for (const button of document.querySelectorAll("#acts [data-act]")) {
    const needs = { subscribe: !follows, scan: true }[button.dataset.act] ?? follows;
    button.hidden = mini ? button.dataset.act !== "scan" : !needs;
  }
  at("pages").hidden = !told.phone_url;
  at("pages").href = told.phone_url ? opened(told.phone_url) : "#";
  menu(told.menu);
  chat(told.chat, name, told.account);
  part("rows", told.rows, (rows) => rows.map(row));
  part("faults", told.faults, (faults) => faults.map(fault));
}

function remember() {
  const query = new URLSearchParams();
  if (openid) query.set("openid", openid);
  else if (appid) query.set("appid", appid);
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
}

function choice(group, value, one, chosen) {
  const input = make("input", { type: "radio", name: group, value, "data-key": value });
  input.checked = value === chosen;
  input.addEventListener("change", () => {
    if (group === "account") appid = value;
    else openid = value;
    version = "";
    shown.chat = undefined;
    look();
  });
  const about = one.about ? make("small", {}, one.about) : null;
  return make("li", {}, make("label", {}, input, make("span", {}, one.name, about)));
}

// A page is opened as the person who holds the phone.
const opened = (url) => `/open?${new URLSearchParams({ openid, url })}`;

const isPage = (url) => /^https?:\/\//.test(url);

function link(url, ...inside) {
  if (url.startsWith("/mini/")) url = location.origin + url;
  if (!isPage(url)) return make("span", {}, ...inside);
  return make("a", { href: opened(url), target: "_blank", rel: "noopener", title: url }, ...inside);
}

// Text as WeChat shows it: its own links, those written as <a href>, and nothing else of markup.
function spoken(text) {
  const found = /<a\s+[^>]*?href\s*=\s*(["'])(.*?)\1[^>]*>(.*?)<\/a>|(https?:\/\/[^\s<>"'，。；、）]+)/gis;
  const made = [];
  let last = 0;
  for (const match of text.matchAll(found)) {
    made.push(...lines(text.slice(last, match.index)));
    last = match.index + match[0].length;
    if (match[4]) made.push(link(match[4], match[4]));
    else if (match[2].startsWith("weixin://bizmsgmenu")) made.push(answer(match[2], match[3]));
    else made.push(link(match[2], match[3]));
  }
  return [...made, ...lines(text.slice(last))];
}

function lines(text) {
  return text.split("\n").flatMap((one, place) => (place ? [make("br"), one] : [one])).filter((one) => one !== "");
}

function answer(url, text) {
  const content = new URLSearchParams(url.split("?")[1]).get("msgmenucontent") || text;
  const button = make("button", { type: "button", class: "link" }, text);
  button.addEventListener("click", () => doing("say", { text: content }));
  return button;
}

function bubble(entry, name, account) {
  const mine = entry.kind === "mine";
  const who = mine ? name : account.name;
  const before = mine ? fill(words.mine, { name }) : fill(words.theirs, entry);
  const said = make("p", { class: "bub" }, make("span", { class: "sr" }, before), ...spoken(entry.text || ""));
  for (const one of entry.choices || []) said.append(make("br"), choose(one));
  if (entry.tail) said.append(make("br"), ...spoken(entry.tail));
  return make("div", { class: mine ? "msg me" : "msg" }, make("span", { class: "av", "aria-hidden": "true" }, [...who][0] || ""), said);
}

function choose(one) {
  const button = make("button", { type: "button", class: "link" }, one.content);
  button.addEventListener("click", () => doing("say", { text: one.content }));
  return button;
}

function card(entry) {
  const rows = entry.lines.flatMap((one) => [make("dt", {}, one.label), make("dd", {}, one.value)]);
  const goes = entry.mini || entry.url;
  const end = goes ? link(goes, words.detail, icon("next")) : null;
  return make("div", { class: "tpl" }, make("p", { class: "kind" }, entry.label), make("h3", {}, entry.title), make("dl", {}, ...rows), end);
}

function articles(entry) {
  return entry.articles.map((one) =>
    make("div", { class: "tpl" }, make("h3", {}, one.title), make("p", { class: "desc" }, one.description || ""), one.url ? link(one.url, words.detail, icon("next")) : null));
}

function line(entry, name, account) {
  const time = entry.time ? [make("p", { class: "time" }, entry.time)] : [];
  if (entry.kind === "note" || entry.kind === "fault") return [...time, make("p", { class: entry.kind }, entry.text)];
  if (entry.kind === "card") return [...time, card(entry)];
  if (entry.articles) return [...time, ...articles(entry)];
  return [...time, bubble(entry, name, account)];
}

// Who is at the end of the chat stays there, whatever grows or shrinks.
let atEnd = true;
at("chat").addEventListener("scroll", () => {
  const box = at("chat");
  atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
});
new ResizeObserver(() => { if (atEnd) at("chat").scrollTop = at("chat").scrollHeight; }).observe(at("chat"));

function chat(entries, name, account) {
  const box = at("chat");
  const now = JSON.stringify([entries, openid]);
  if (shown.chat === now) return;
  const known = shown.chat ? JSON.parse(shown.chat) : [[], ""];
  const grows = known[1] === openid && known[0].every((one, place) => JSON.stringify(one) === JSON.stringify(entries[place]));
  // A log that is only added to is read out once.
  const fresh = grows ? entries.slice(known[0].length) : entries;
  if (!grows) box.replaceChildren();
  box.append(...fresh.flatMap((one) => line(one, name, account)));
  shown.chat = now;
  atEnd ||= !grows;
  if (atEnd) box.scrollTop = box.scrollHeight;
}

// ------------------------------------------------------------------ menu

function menu(buttons) {
  at("menu").hidden = !buttons.length;
  part("menu", [buttons, openid], ([list]) => list.map(top));
}

function top(button, place) {
  if (!button.sub_button?.length) return make("div", { class: "slot" }, leaf(button));
  const below = make("ul", { class: "sub", id: `sub-${place}`, hidden: true }, ...button.sub_button.map((one) => make("li", {}, leaf(one))));
  const opens = make("button", { type: "button", "aria-expanded": "false", "aria-controls": `sub-${place}`, "data-key": `menu-${place}` }, button.name);
  opens.addEventListener("click", () => {
    const wasShut = below.hidden;
    shut();
    below.hidden = !wasShut;
    opens.setAttribute("aria-expanded", String(wasShut));
  });
  return make("div", { class: "slot" }, opens, below);
}

function leaf(button) {
  if (button.type === "view") {
    const made = make("a", { href: opened(button.url), target: "_blank", rel: "noopener" }, button.name);
    made.addEventListener("click", () => { shut(); doing("view", { url: button.url }); });
    return made;
  }
  if (button.type === "miniprogram") {
    const made = link(`/mini/${button.appid}/${button.pagepath}`, button.name);
    made.addEventListener("click", shut);
    return made;
  }
  const made = make("button", { type: "button" }, button.name);
  made.addEventListener("click", () => {
    shut();
    if (button.type.startsWith("scancode")) openScanner();
    else if (button.type.startsWith("pic_")) doing("say", { image: true });
    else doing("click", { key: button.key });
  });
  return made;
}

function shut() {
  for (const one of document.querySelectorAll(".sub")) one.hidden = true;
  for (const one of document.querySelectorAll("#menu [aria-expanded]")) one.setAttribute("aria-expanded", "false");
}

document.addEventListener("click", (event) => { if (!event.target.closest("#menu")) shut(); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") shut(); });

// ------------------------------------------------------------------ what went over the wire

function row(one) {
  const button = make("button", { type: "button", class: "what", "data-key": one.raw, title: one.what }, one.what);
  const made = make("tr", { class: one.api ? "api" : null },
    make("td", {}, one.time), make("td", {}, one.raw ? button : one.what),
    make("td", { class: "r" }, String(one.attempt)),
    make("td", { class: "r" }, one.ms === "" ? "" : fill(words.ms, one)),
    make("td", { class: one.tone }, icon(one.tone), " ", one.result));
  if (one.raw) made.addEventListener("click", () => reveal(one.raw));
  return made;
}

async function reveal(raw) {
  const told = await call("GET", `/_sim/phone/raw/${raw}`);
  const pretty = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 1));
  const parts = raw.startsWith("request")
    ? [[words.path, `${told.method} ${told.path}`], [words.query, told.query], [words.body, told.body], [words.answer, told.answer]]
    : [[words.message, told.message], [words.shown, told.shown?.content ?? told.shown], [words.cause, told.cause], [words.query, told.query],
       [words.body, told.sent !== told.message ? told.sent : ""], [words.answer, `${told.status ?? ""} ${told.body}`.trim()]];
  const blank = (value) => value === null || value === "" || value === undefined || pretty(value) === "{}";
  at("raw-body").replaceChildren(...parts.filter(([, value]) => !blank(value)).flatMap(([name, value]) => [make("h3", {}, name), make("pre", { tabindex: "0" }, pretty(value))]));
  at("raw").showModal();
  at("raw").scrollTop = 0;
  at("raw").querySelector("form button").focus({ preventScroll: true });
}

function fault(one) {
  const box = make("input", { type: "checkbox", "data-key": one.label });
  box.checked = one.on;
  box.addEventListener("change", () =>
    act(`/_sim/phone/fault?${new URLSearchParams({ openid })}`, { label: one.label, on: box.checked }));
  return make("label", {}, box, make("span", {}, one.text));
}

// ------------------------------------------------------------------ doing

at("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("words").value;
  if (!text) return;
  at("words").value = "";
  doing("say", { text });
});

document.addEventListener("click", (event) => {
  const what = event.target.closest("[data-act]")?.dataset.act;
  if (what === "subscribe" || what === "unsubscribe") doing(what);
  if (what === "picture") doing("say", { image: true });
  if (what === "scan") openScanner();
  if (what === "popup") openPopup();
  const skip = event.target.closest("[data-skip]")?.dataset.skip;
  if (skip) act("/_sim/clock", skip === "midnight" ? { to_midnight: true } : { advance: Number(skip) });
});

at("restart").addEventListener("click", () => act("/_sim/phone/restart", {}));

at("newcomer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const told = await act("/_sim/phone/newcomer", { appid, name: form.elements.name.value.trim(), phone: form.elements.phone.value.trim() });
  if (!told) return;
  form.reset();
  form.closest("details").open = false;
  openid = told.openid;
  version = "";
  look();
});

// ------------------------------------------------------------------ scanning

function openScanner() {
  at("scan").reset();
  at("scan-trouble").textContent = "";
  const scenes = state?.scenes || [];
  at("scenes-box").hidden = !scenes.length;
  at("scenes").replaceChildren(...scenes.map((one) => {
    const button = make("button", { type: "button", class: "btn" }, one.scene);
    button.addEventListener("click", () => { at("scanner").close(); scanned(one.url); });
    return make("li", {}, button);
  }));
  at("scanner").showModal();
  at("scan-text").focus();
}

// What a picture says: the account's own code, or a page, which opens as this person.
function scanned(text) {
  if (isPage(text) && !/^https?:\/\/weixin\.qq\.com\/q\//.test(text)) {
    if (!window.open(opened(text), "_blank", "noopener")) complain("");
    return;
  }
  doing("scan", { scene: text });
}

async function decoded(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, 1600 / Math.max(picture.width, picture.height));
  const canvas = make("canvas", { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) });
  const brush = canvas.getContext("2d");
  brush.fillStyle = "#fff";
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const pixels = brush.getImageData(0, 0, canvas.width, canvas.height);
  return window.jsQR(pixels.data, pixels.width, pixels.height)?.data || "";
}

async function readPicture(file) {
  const text = await decoded(file).catch(() => "");
  at("scan-text").value = text;
  at("scan-trouble").textContent = text ? "" : words.noqr;
}

at("scan-file").addEventListener("change", (event) => {
  if (event.target.files[0]) readPicture(event.target.files[0]);
});

at("scanner").addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
  if (!file) return;
  event.preventDefault();
  readPicture(file);
});

at("scan").addEventListener("submit", (event) => {
  const text = at("scan-text").value.trim();
  if (event.submitter?.value !== "scan") return;
  if (!text) return event.preventDefault();
  at("scanner").close();
  event.preventDefault();
  scanned(text);
});

// ------------------------------------------------------------------ 订阅通知

function openPopup() {
  const listed = (state?.templates || []).map((one) => {
    const box = make("input", { type: "checkbox", name: one.template_id });
    box.checked = true;
    const permits = one.permits === "long" ? words.long : one.permits;
    return make("label", { class: "tick" }, box, make("span", {}, one.title, make("small", {}, fill(words.accept, { permits }))));
  });
  at("popup-list").replaceChildren(...(listed.length ? listed : [make("p", {}, words.notemplate)]));
  at("popup").showModal();
}

at("popup-form").addEventListener("submit", (event) => {
  const boxes = [...at("popup-list").querySelectorAll("input")];
  if (event.submitter?.value !== "send" || !boxes.length) return;
  doing("popup", Object.fromEntries(boxes.map((one) => [one.name, one.checked ? "accept" : "reject"])));
});

look();
setInterval(() => { if (!document.hidden) look(); }, 1000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
