// 读卡 — asks the program beside the reader of this computer for cards, and looks each one up.
//
// The program is another one than ours and may be absent; docs/interfaces.md says how it answers.
// A card that was on the reader when the page opened is looked up once: its number is kept in the tab.
const TOLD = "kejiao.reader";
const WAIT_MS = 30_000;
const AGAIN_MS = 3_000;

const place = document.querySelector("#reader");
const form = document.querySelector("#read");

if (place && form) {
  say("asking");
  listen(sessionStorage.getItem(TOLD) ?? "");
}

async function listen(after) {
  for (;;) {
    const told = await ask(after);
    if (!told) {
      say("none");
      await new Promise((done) => setTimeout(done, AGAIN_MS));
      continue;
    }
    say(told.reader ? "ready" : "no_reader");
    if (told.uid && told.seq !== after) {
      sessionStorage.setItem(TOLD, told.seq);
      form.elements.seen.value = told.uid;
      form.requestSubmit();
      return;
    }
    after = told.seq;
  }
}

async function ask(after) {
  try {
    const address = `${place.dataset.at}/v1/card?after=${encodeURIComponent(after)}`;
    const signal = AbortSignal.timeout(WAIT_MS);
    const answer = await fetch(address, { signal, credentials: "omit", cache: "no-store" });
    const told = await answer.json();
    const right = answer.ok && typeof told.seq === "string";
    return right ? { seq: told.seq, reader: told.reader, uid: /^[0-9A-F]{8,20}$/.exec(told.uid)?.[0] } : null;
  } catch {
    return null;
  }
}

function say(what) {
  for (const one of place.querySelectorAll("[data-said]")) one.hidden = one.dataset.said !== what;
}
