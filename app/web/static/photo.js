// 拍照 — the camera of this computer takes the photo that would else be chosen as a file.
const WIDTH = 590;
const HEIGHT = 826;

const form = document.querySelector("form[data-photo]");
const [open, shoot, lens, eye, still, blind] = ["camera", "shoot", "lens", "eye", "still", "blind"]
  .map((name) => form?.querySelector(`[data-${name}]`));

if (form && navigator.mediaDevices?.getUserMedia) {
  open.hidden = false;
  open.addEventListener("click", look);
  shoot.addEventListener("click", take);
  addEventListener("pagehide", rest);
}

async function look() {
  blind.hidden = true;
  try {
    eye.srcObject = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } },
    });
  } catch {
    blind.hidden = false;
    return;
  }
  lens.hidden = eye.hidden = shoot.hidden = false;
  still.hidden = open.hidden = true;
  shoot.focus();
}

function take() {
  // The middle of what the camera sees, as high as it is.
  const across = Math.min(eye.videoWidth, (eye.videoHeight * WIDTH) / HEIGHT);
  const down = (across * HEIGHT) / WIDTH;
  const left = (eye.videoWidth - across) / 2;
  const top = (eye.videoHeight - down) / 2;
  still.width = WIDTH;
  still.height = HEIGHT;
  still.getContext("2d").drawImage(eye, left, top, across, down, 0, 0, WIDTH, HEIGHT);
  still.toBlob(put, "image/jpeg", 0.92);
}

function put(blob) {
  const held = new DataTransfer();
  held.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
  form.elements.photo.files = held.files;
  rest();
  still.hidden = open.hidden = false;
  eye.hidden = shoot.hidden = true;
  form.querySelector("[type=submit]").focus();
}

function rest() {
  eye.srcObject?.getTracks().forEach((track) => track.stop());
  eye.srcObject = null;
}
